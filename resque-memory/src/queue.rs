//! The queues.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    BackendInfo, CancelJobs, DelayedJobs, Edit, Enqueue, Exchange, HttpWorkers, JobLoans, Keyspace,
    Limits, Page, Payload, Popped, Pushed, QueueBackend, QueueControl, QueueList, QueueListing,
    QueueName, Result, ScheduleStore, Settlement, StatsHistory, WaitForJobs, WorkerId,
};

use crate::MemoryBackend;
use crate::jobs::Job;
use crate::store::State;

#[async_trait]
impl QueueBackend for MemoryBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("memory").atomic_batch(true)
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let now = self.store.clock.now();
        Ok(self.store.step(|state| {
            let push = |enqueue| state.push(enqueue, now);
            batch.iter().map(push).collect()
        }))
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        Ok(self
            .store
            .step(|state| state.exchange(done, want, from, now)))
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        Ok(self.store.step(|state| state.queues.pop(from, at_most)))
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        Ok(self.store.step(|state| state.queues.peek(queue, page)))
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        let now = self.store.clock.now();
        let edit = |edit| self.store.step(|state| state.queues.edit(edit, now));
        let count = |edited: Result<usize>| edited.map(|count| count as u64);
        batch.iter().map(edit).map(count).collect()
    }

    async fn queues(&self) -> Result<QueueListing> {
        let statuses = self.store.step(|state| state.queues.statuses());
        Ok(QueueListing::new(statuses, Vec::new()))
    }

    async fn length(&self, queue: &QueueName) -> Result<u64> {
        Ok(self.store.step(|state| state.queues.length(queue)) as u64)
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        Ok(self.store.step(|state| state.queues.create(queue)))
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        // A million jobs are dropped without the lock.
        let deleted = self.store.step(|state| state.queues.delete(queue));
        Ok(deleted.map_or(0, |queue| queue.jobs.len() as u64))
    }

    async fn clear(&self) -> Result<u64> {
        let old = self.store.step(State::clear);
        Ok(old.keys().len() as u64)
    }

    fn waiting(&self) -> Option<&dyn WaitForJobs> {
        Some(&*self.store)
    }

    fn delayed(&self) -> Option<&dyn DelayedJobs> {
        Some(&*self.store)
    }

    fn control(&self) -> Option<&dyn QueueControl> {
        Some(&*self.store)
    }

    fn schedules(&self) -> Option<&dyn ScheduleStore> {
        Some(&*self.store)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        Some(&*self.store)
    }

    fn limits(&self) -> Option<&dyn Limits> {
        Some(&*self.store)
    }

    fn cancel(&self) -> Option<&dyn CancelJobs> {
        Some(&*self.store)
    }

    fn history(&self) -> Option<&dyn StatsHistory> {
        Some(&*self.store)
    }

    fn loans(&self) -> Option<&dyn JobLoans> {
        Some(&*self.store)
    }

    fn http_workers(&self) -> Option<&dyn HttpWorkers> {
        Some(&*self.store)
    }
}

impl State {
    pub(crate) fn push(&mut self, enqueue: &Enqueue, now: SystemTime) -> Pushed {
        if enqueue
            .lock
            .as_ref()
            .is_some_and(|lock| !self.counted.lock(lock))
        {
            return Pushed::Duplicate;
        }
        let payload = enqueue.payload.clone();
        if let Some(due) = enqueue.due {
            self.delayed.add(due, enqueue.queue.clone(), payload);
            return Pushed::Delayed;
        }
        let job = Job {
            payload,
            since: now,
        };
        let length = self.queues.put_back(&enqueue.queue, job);
        Pushed::Queued {
            length: length as u64,
        }
    }
}
