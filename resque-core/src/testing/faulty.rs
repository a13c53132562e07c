//! A backend whose calls and replies get lost on purpose.

mod abilities;
mod loans;

use std::time::SystemTime;

use async_trait::async_trait;

use super::{Fault, Faults, Operation};
use crate::{
    Backend, BackendInfo, CancelJobs, Connect, DelayedJobs, Edit, Enqueue, Error, Exchange,
    FailureEntry, FailureId, FailurePage, FailureQuery, FailureRecord, FailureRetry, FailureStore,
    Heartbeats, Held, HttpWorkers, JobLoans, Keyspace, Leaving, Left, Limits, Page, Payload,
    Popped, Pushed, QueueBackend, QueueControl, QueueList, QueueListing, QueueName, Result,
    ScheduleStore, Settlement, StatsHistory, WaitForJobs, WorkerId, WorkerListing, WorkerRegistry,
};

/// A wrapper around any backend that loses calls and replies as it is told.
///
/// It shows what a caller does when the store is away, and that a store keeps its promises when a
/// caller never learns what became of its call.
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: Backend,
    faults: Faults,
}

impl Faulty {
    /// Wraps a backend; nothing goes wrong until the faults say so.
    #[must_use]
    pub fn wrap(inner: &Backend) -> (Backend, Faults) {
        let faults = Faults::new();
        (Self::with(inner, &faults), faults)
    }

    /// Wraps a backend under faults that exist already. Further connections of the wrapped backend
    /// obey the same faults.
    #[must_use]
    pub fn with(inner: &Backend, faults: &Faults) -> Backend {
        let faulty = Self {
            inner: inner.clone(),
            faults: faults.clone(),
        };
        Backend::new(faulty.clone()).with_connector(faulty)
    }

    async fn call<T, F>(&self, operation: Operation, call: F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        match self.faults.decide(operation) {
            None => call.await,
            Some(Fault::NotExecuted) => Err(unreachable(operation)),
            Some(Fault::NeverEnds) => std::future::pending().await,
            Some(Fault::Late) => {
                self.faults.late().await;
                call.await
            }
            Some(Fault::ReplyLost) => {
                call.await?;
                Err(Error::outcome_unknown(
                    operation.name(),
                    "the connection broke on purpose",
                ))
            }
        }
    }

    fn not_offered(&self, operation: Operation, ability: &'static str) -> Error {
        Error::NotOffered {
            what: operation.name(),
            ability,
            backend: self.inner.queues().info().name,
        }
    }

    fn inner_waiting(&self, operation: Operation) -> Result<&dyn WaitForJobs> {
        let ability = self.inner.queues().waiting();
        ability.ok_or_else(|| self.not_offered(operation, "waiting"))
    }

    fn inner_delayed(&self, operation: Operation) -> Result<&dyn DelayedJobs> {
        let ability = self.inner.queues().delayed();
        ability.ok_or_else(|| self.not_offered(operation, "delayed jobs"))
    }

    fn inner_limits(&self, operation: Operation) -> Result<&dyn Limits> {
        let ability = self.inner.queues().limits();
        ability.ok_or_else(|| self.not_offered(operation, "limits"))
    }

    fn inner_cancel(&self, operation: Operation) -> Result<&dyn CancelJobs> {
        let ability = self.inner.queues().cancel();
        ability.ok_or_else(|| self.not_offered(operation, "cancel"))
    }

    fn inner_history(&self, operation: Operation) -> Result<&dyn StatsHistory> {
        let ability = self.inner.queues().history();
        ability.ok_or_else(|| self.not_offered(operation, "a history"))
    }

    fn inner_loans(&self, operation: Operation) -> Result<&dyn JobLoans> {
        let ability = self.inner.queues().loans();
        ability.ok_or_else(|| self.not_offered(operation, "loans"))
    }

    fn inner_http_workers(&self, operation: Operation) -> Result<&dyn HttpWorkers> {
        let ability = self.inner.queues().http_workers();
        ability.ok_or_else(|| self.not_offered(operation, "HTTP workers"))
    }

    fn inner_control(&self, operation: Operation) -> Result<&dyn QueueControl> {
        let ability = self.inner.queues().control();
        ability.ok_or_else(|| self.not_offered(operation, "control"))
    }

    fn inner_schedules(&self, operation: Operation) -> Result<&dyn ScheduleStore> {
        let ability = self.inner.queues().schedules();
        ability.ok_or_else(|| self.not_offered(operation, "schedules"))
    }
}

fn unreachable(operation: Operation) -> Error {
    Error::unavailable(
        operation.name(),
        "the store was made unreachable on purpose",
    )
}

#[async_trait]
impl Connect for Faulty {
    async fn connect(&self) -> Result<Backend> {
        if self.faults.is_down() {
            return Err(Error::unavailable(
                "connect",
                "the store was made unreachable on purpose",
            ));
        }
        Ok(Self::with(&self.inner.connect_again().await?, &self.faults))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl QueueBackend for Faulty {
    fn info(&self) -> BackendInfo {
        self.inner.queues().info()
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        self.call(Operation::Push, self.inner.queues().push(batch))
            .await
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        let call = self.inner.queues().exchange(done, want, from, now);
        self.call(Operation::Exchange, call).await
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        self.call(Operation::Pop, self.inner.queues().pop(from, at_most))
            .await
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        self.call(Operation::Peek, self.inner.queues().peek(queue, page))
            .await
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        self.call(Operation::Edit, self.inner.queues().edit(batch))
            .await
    }

    async fn queues(&self) -> Result<QueueListing> {
        self.call(Operation::Queues, self.inner.queues().queues())
            .await
    }

    async fn length(&self, queue: &QueueName) -> Result<u64> {
        let call = self.inner.queues().length(queue);
        self.call(Operation::QueueLength, call).await
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        let call = self.inner.queues().create_queue(queue);
        self.call(Operation::CreateQueue, call).await
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        let call = self.inner.queues().delete_queue(queue);
        self.call(Operation::DeleteQueue, call).await
    }

    async fn clear(&self) -> Result<u64> {
        self.call(Operation::Clear, self.inner.queues().clear())
            .await
    }

    fn waiting(&self) -> Option<&dyn WaitForJobs> {
        self.inner.queues().waiting().map(|_| self as _)
    }

    fn delayed(&self) -> Option<&dyn DelayedJobs> {
        self.inner.queues().delayed().map(|_| self as _)
    }

    fn control(&self) -> Option<&dyn QueueControl> {
        self.inner.queues().control().map(|_| self as _)
    }

    fn schedules(&self) -> Option<&dyn ScheduleStore> {
        self.inner.queues().schedules().map(|_| self as _)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        self.inner.queues().keyspace().map(|_| self as _)
    }

    fn limits(&self) -> Option<&dyn Limits> {
        self.inner.queues().limits().map(|_| self as _)
    }

    fn cancel(&self) -> Option<&dyn CancelJobs> {
        self.inner.queues().cancel().map(|_| self as _)
    }

    fn history(&self) -> Option<&dyn StatsHistory> {
        self.inner.queues().history().map(|_| self as _)
    }

    fn loans(&self) -> Option<&dyn JobLoans> {
        self.inner.queues().loans().map(|_| self as _)
    }

    fn http_workers(&self) -> Option<&dyn HttpWorkers> {
        self.inner.queues().http_workers().map(|_| self as _)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl WorkerRegistry for Faulty {
    async fn register(&self, workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> {
        let call = self.inner.workers().register(workers, now);
        self.call(Operation::Register, call).await
    }

    async fn heartbeat(&self, workers: &[WorkerId], now: SystemTime) -> Result<Heartbeats> {
        let call = self.inner.workers().heartbeat(workers, now);
        self.call(Operation::Heartbeat, call).await
    }

    async fn unregister(&self, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let call = self.inner.workers().unregister(leaving);
        self.call(Operation::Unregister, call).await
    }

    async fn workers(&self) -> Result<WorkerListing> {
        self.call(Operation::Workers, self.inner.workers().workers())
            .await
    }

    async fn dead(&self, before: SystemTime) -> Result<Vec<crate::DeadWorker>> {
        self.call(Operation::Dead, self.inner.workers().dead(before))
            .await
    }

    async fn server_time(&self) -> Result<SystemTime> {
        self.call(Operation::ServerTime, self.inner.workers().server_time())
            .await
    }

    async fn stat(&self, name: &str) -> Result<i64> {
        self.call(Operation::Stat, self.inner.workers().stat(name))
            .await
    }

    async fn set_stat(&self, name: &str, value: i64) -> Result<()> {
        let call = self.inner.workers().set_stat(name, value);
        self.call(Operation::SetStat, call).await
    }

    async fn incr_stat(&self, name: &str, by: i64) -> Result<i64> {
        let call = self.inner.workers().incr_stat(name, by);
        self.call(Operation::IncrStat, call).await
    }

    async fn clear_stat(&self, name: &str) -> Result<()> {
        let call = self.inner.workers().clear_stat(name);
        self.call(Operation::ClearStat, call).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl FailureStore for Faulty {
    async fn record(&self, records: &[FailureRecord]) -> Result<()> {
        self.call(Operation::Record, self.inner.failures().record(records))
            .await
    }

    async fn count(&self, queue: Option<&str>) -> Result<u64> {
        self.call(Operation::FailureCount, self.inner.failures().count(queue))
            .await
    }

    async fn list(&self, query: &FailureQuery) -> Result<FailurePage> {
        self.call(Operation::FailureList, self.inner.failures().list(query))
            .await
    }

    async fn get(&self, id: &FailureId) -> Result<Option<FailureEntry>> {
        self.call(Operation::FailureGet, self.inner.failures().get(id))
            .await
    }

    async fn retry(&self, batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>> {
        self.call(Operation::Retry, self.inner.failures().retry(batch, now))
            .await
    }

    async fn remove(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        self.call(Operation::RemoveFailures, self.inner.failures().remove(ids))
            .await
    }

    async fn clear(&self, queue: Option<&str>) -> Result<u64> {
        self.call(Operation::ClearFailures, self.inner.failures().clear(queue))
            .await
    }
}
