//! The store of a child that was given none.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    BackendInfo, Cursor, DeadWorker, DelayedEdit, DelayedJobs, DelayedPage, Edit, Enqueue, Error,
    Exchange, FailureEntry, FailureId, FailurePage, FailureQuery, FailureRecord, FailureRetry,
    FailureStore, Heartbeats, Held, Leaving, Left, Page, Payload, Popped, Promotion, Pushed,
    QueueBackend, QueueList, QueueListing, QueueName, Result, Settlement, WorkerId, WorkerListing,
    WorkerRegistry,
};

/// A store that is not there.
#[derive(Debug)]
pub(crate) struct Absent;

/// The answer to everything.
fn absent<T>(what: &str) -> Result<T> {
    let why = "this process performs isolated jobs and was given no store; \
               connect one where the child is made: Child::new(…).backend(…)";
    Err(Error::unavailable(what, why))
}

#[async_trait]
impl QueueBackend for Absent {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("absent")
    }
    async fn push(&self, _: &[Enqueue]) -> Result<Vec<Pushed>> {
        absent("push jobs")
    }
    async fn exchange(
        &self,
        _: &[Settlement],
        _: &[WorkerId],
        _: &QueueList,
        _: SystemTime,
    ) -> Result<Exchange> {
        absent("exchange jobs")
    }
    async fn pop(&self, _: &QueueList, _: usize) -> Result<Vec<Popped>> {
        absent("pop jobs")
    }
    async fn peek(&self, _: &QueueName, _: Page) -> Result<Vec<Payload>> {
        absent("look into a queue")
    }
    async fn edit(&self, _: &[Edit]) -> Result<Vec<u64>> {
        absent("change queued jobs")
    }
    async fn queues(&self) -> Result<QueueListing> {
        absent("list the queues")
    }
    async fn create_queue(&self, _: &QueueName) -> Result<bool> {
        absent("create a queue")
    }
    async fn delete_queue(&self, _: &QueueName) -> Result<u64> {
        absent("delete a queue")
    }
    async fn clear(&self) -> Result<u64> {
        absent("clear the store")
    }
    /// Failure hooks may ask whether their job is tried again, and the worker's store lets it wait.
    fn delayed(&self) -> Option<&dyn DelayedJobs> {
        Some(self)
    }
}

#[async_trait]
impl DelayedJobs for Absent {
    async fn promote(&self, _: &str, _: SystemTime, _: usize) -> Result<Promotion> {
        absent("promote delayed jobs")
    }
    async fn resign(&self, _: &str) -> Result<()> {
        absent("stop promoting")
    }
    async fn count(&self) -> Result<u64> {
        absent("count delayed jobs")
    }
    async fn list(&self, _: Option<&Cursor>, _: usize) -> Result<DelayedPage> {
        absent("list delayed jobs")
    }
    async fn edit(&self, _: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        absent("change delayed jobs")
    }
}

#[async_trait]
impl WorkerRegistry for Absent {
    async fn register(&self, _: &[WorkerId], _: SystemTime) -> Result<Vec<Held>> {
        absent("register workers")
    }
    async fn heartbeat(&self, _: &[WorkerId], _: SystemTime) -> Result<Heartbeats> {
        absent("tell that workers live")
    }
    async fn unregister(&self, _: &[Leaving]) -> Result<Vec<Left>> {
        absent("take workers off the registry")
    }
    async fn workers(&self) -> Result<WorkerListing> {
        absent("list the workers")
    }
    async fn dead(&self, _: SystemTime) -> Result<Vec<DeadWorker>> {
        absent("look for dead workers")
    }
    async fn server_time(&self) -> Result<SystemTime> {
        absent("ask for the store's time")
    }
    async fn stat(&self, _: &str) -> Result<i64> {
        absent("read a counter")
    }
    async fn set_stat(&self, _: &str, _: i64) -> Result<()> {
        absent("set a counter")
    }
    async fn incr_stat(&self, _: &str, _: i64) -> Result<i64> {
        absent("add to a counter")
    }
    async fn clear_stat(&self, _: &str) -> Result<()> {
        absent("clear a counter")
    }
}

#[async_trait]
impl FailureStore for Absent {
    async fn record(&self, _: &[FailureRecord]) -> Result<()> {
        absent("record failures")
    }
    async fn count(&self, _: Option<&str>) -> Result<u64> {
        absent("count failures")
    }
    async fn list(&self, _: &FailureQuery) -> Result<FailurePage> {
        absent("list failures")
    }
    async fn get(&self, _: &FailureId) -> Result<Option<FailureEntry>> {
        absent("read a failure")
    }
    async fn retry(&self, _: &[FailureRetry], _: SystemTime) -> Result<Vec<Result<()>>> {
        absent("retry failures")
    }
    async fn remove(&self, _: &[FailureId]) -> Result<Vec<Result<()>>> {
        absent("remove failures")
    }
    async fn clear(&self, _: Option<&str>) -> Result<u64> {
        absent("clear failures")
    }
}
