//! The queues, as the trait sees them.

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
        BackendInfo::new("redis")
            .durable(true)
            .shared(true)
            .atomic_batch(true)
            .failures(self.layout)
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        self.push_jobs(batch).await
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        self.settle_and_reserve(done, want, from, now).await
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        self.pop_jobs(from, at_most).await
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        self.peek_jobs(queue, page).await
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        self.edit_jobs(batch).await
    }

    async fn queues(&self) -> Result<QueueListing> {
        self.list_queues().await
    }

    async fn length(&self, queue: &QueueName) -> Result<u64> {
        self.queue_length(queue).await
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        self.add_queue(queue).await
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        self.remove_queue(queue).await
    }

    async fn clear(&self) -> Result<u64> {
        self.clear_namespace().await
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

    fn schedules(&self) -> Option<&dyn ScheduleStore> {
        Some(self)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        Some(self)
    }

    fn limits(&self) -> Option<&dyn Limits> {
        Some(self)
    }

    fn cancel(&self) -> Option<&dyn CancelJobs> {
        Some(self)
    }

    fn history(&self) -> Option<&dyn StatsHistory> {
        Some(self)
    }

    fn loans(&self) -> Option<&dyn JobLoans> {
        Some(self)
    }

    fn http_workers(&self) -> Option<&dyn HttpWorkers> {
        Some(self)
    }
}
