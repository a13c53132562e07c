//! The queues.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    BackendInfo, CancelJobs, DelayedJobs, Edit, Enqueue, Exchange, HttpWorkers, JobLoans, Keyspace,
    Limits, Page, Payload, Popped, Pushed, QueueBackend, QueueControl, QueueList, QueueListing,
    QueueName, Result, ScheduleStore, Settlement, StatsHistory, WaitForJobs, WorkerId,
};

use crate::store::Store;

#[async_trait]
impl QueueBackend for Store {
    fn info(&self) -> BackendInfo {
        let info = BackendInfo::new("postgres").durable(true);
        info.shared(true).atomic_batch(true)
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        self.pushes.push(batch).await
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        Self::exchange(self, done, want, from, now).await
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        Self::pop(self, from, at_most).await
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        Self::peek(self, queue, page).await
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(batch.len());
        for edit in batch {
            counts.push(self.edit_one(edit).await?);
        }
        Ok(counts)
    }

    async fn queues(&self) -> Result<QueueListing> {
        self.queue_listing().await
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        self.make_queue(queue).await
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        self.remove_queue(queue).await
    }

    async fn clear(&self) -> Result<u64> {
        self.remove_everything().await
    }

    fn waiting(&self) -> Option<&dyn WaitForJobs> {
        Some(self)
    }

    fn delayed(&self) -> Option<&dyn DelayedJobs> {
        Some(self)
    }

    fn control(&self) -> Option<&dyn QueueControl> {
        Some(self)
    }

    fn limits(&self) -> Option<&dyn Limits> {
        Some(self)
    }

    fn cancel(&self) -> Option<&dyn CancelJobs> {
        Some(self)
    }

    fn loans(&self) -> Option<&dyn JobLoans> {
        Some(self)
    }

    fn http_workers(&self) -> Option<&dyn HttpWorkers> {
        Some(self)
    }

    fn history(&self) -> Option<&dyn StatsHistory> {
        Some(self)
    }

    fn schedules(&self) -> Option<&dyn ScheduleStore> {
        Some(self)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        Some(self)
    }
}
