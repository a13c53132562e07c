//! A backend whose calls and replies get lost on purpose.

use std::time::SystemTime;

use async_trait::async_trait;
use futures::future::{Either, select};

use super::{Fault, Faults, Operation};
use crate::{
    Backend, BackendInfo, Begin, CancelJobs, Claim, Claimed, Connect, Cursor, DelayedEdit,
    DelayedJobs, DelayedPage, Edit, Enqueue, Error, Exchange, FailureId, FailurePage, FailureQuery,
    FailureRecord, FailureRetry, FailureStore, Fired, Firing, Heartbeats, Held, Keyspace, Lead,
    LeadClaim, Lease, Leaving, Left, Limits, NewSchedule, Page, Payload, Popped, Promotion, Pushed,
    QueueBackend, QueueControl, QueueList, QueueListing, QueueName, Receipt, Renewal, Result,
    ScheduleListing, ScheduleName, ScheduleStore, Settlement, Ticket, WaitForJobs, WorkerId,
    WorkerListing, WorkerRegistry,
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

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl WaitForJobs for Faulty {
    async fn ticket(&self, from: &QueueList) -> Result<Ticket> {
        let waiting = self.inner_waiting(Operation::Ticket)?;
        self.call(Operation::Ticket, waiting.ticket(from)).await
    }

    async fn wait(&self, ticket: Ticket, from: &QueueList) -> Result<()> {
        let waiting = self.inner_waiting(Operation::Wait)?;
        let mut down = self.faults.watch_down();
        let wait = self.call(Operation::Wait, waiting.wait(ticket, from));
        let cut = Box::pin(down.wait_for(|down| *down));
        match select(Box::pin(wait), cut).await {
            Either::Left((woken, _)) => woken,
            Either::Right(_) => Err(unreachable(Operation::Wait)),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DelayedJobs for Faulty {
    async fn promote(&self, holder: &str, now: SystemTime, at_most: usize) -> Result<Promotion> {
        let delayed = self.inner_delayed(Operation::Promote)?;
        let call = delayed.promote(holder, now, at_most);
        self.call(Operation::Promote, call).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        let delayed = self.inner_delayed(Operation::Resign)?;
        self.call(Operation::Resign, delayed.resign(holder)).await
    }

    async fn count(&self) -> Result<u64> {
        let delayed = self.inner_delayed(Operation::DelayedCount)?;
        self.call(Operation::DelayedCount, delayed.count()).await
    }

    async fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        let delayed = self.inner_delayed(Operation::DelayedList)?;
        self.call(Operation::DelayedList, delayed.list(cursor, at_most))
            .await
    }

    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        let delayed = self.inner_delayed(Operation::DelayedEdit)?;
        self.call(Operation::DelayedEdit, delayed.edit(batch)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Limits for Faulty {
    async fn claim(&self, claims: &[Claim], now: SystemTime) -> Result<Vec<Claimed>> {
        let limits = self.inner_limits(Operation::Claim)?;
        self.call(Operation::Claim, limits.claim(claims, now)).await
    }

    async fn renew(&self, leases: &[Renewal], now: SystemTime) -> Result<Vec<bool>> {
        let limits = self.inner_limits(Operation::Renew)?;
        self.call(Operation::Renew, limits.renew(leases, now)).await
    }

    async fn free(&self, leases: &[Lease]) -> Result<u64> {
        let limits = self.inner_limits(Operation::Free)?;
        self.call(Operation::Free, limits.free(leases)).await
    }

    async fn leases(&self, name: &str, now: SystemTime) -> Result<Vec<Renewal>> {
        let limits = self.inner_limits(Operation::Leases)?;
        self.call(Operation::Leases, limits.leases(name, now)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CancelJobs for Faulty {
    async fn mark(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        let cancel = self.inner_cancel(Operation::Mark)?;
        self.call(Operation::Mark, cancel.mark(jobs)).await
    }

    async fn marked(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        let cancel = self.inner_cancel(Operation::Marked)?;
        self.call(Operation::Marked, cancel.marked(jobs)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl QueueControl for Faulty {
    async fn set_stopped(&self, queue: &QueueName, stopped: bool) -> Result<()> {
        let control = self.inner_control(Operation::SetStopped)?;
        self.call(Operation::SetStopped, control.set_stopped(queue, stopped))
            .await
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        let control = self.inner_control(Operation::SetPaused)?;
        self.call(Operation::SetPaused, control.set_paused(paused))
            .await
    }

    async fn paused(&self) -> Result<bool> {
        let control = self.inner_control(Operation::Paused)?;
        self.call(Operation::Paused, control.paused()).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ScheduleStore for Faulty {
    async fn list(&self) -> Result<ScheduleListing> {
        let schedules = self.inner_schedules(Operation::ScheduleList)?;
        self.call(Operation::ScheduleList, schedules.list()).await
    }

    async fn put(&self, batch: &[NewSchedule], now: SystemTime) -> Result<()> {
        let schedules = self.inner_schedules(Operation::PutSchedules)?;
        self.call(Operation::PutSchedules, schedules.put(batch, now))
            .await
    }

    async fn remove(&self, names: &[ScheduleName]) -> Result<Vec<bool>> {
        let schedules = self.inner_schedules(Operation::RemoveSchedules)?;
        self.call(Operation::RemoveSchedules, schedules.remove(names))
            .await
    }

    async fn set_enabled(
        &self,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        let schedules = self.inner_schedules(Operation::EnableSchedules)?;
        let call = schedules.set_enabled(names, enabled, now);
        self.call(Operation::EnableSchedules, call).await
    }

    async fn lead(&self, claim: LeadClaim<'_>) -> Result<Lead> {
        let schedules = self.inner_schedules(Operation::Lead)?;
        self.call(Operation::Lead, schedules.lead(claim)).await
    }

    async fn step_down(&self, holder: &str) -> Result<()> {
        let schedules = self.inner_schedules(Operation::StepDown)?;
        self.call(Operation::StepDown, schedules.step_down(holder))
            .await
    }

    async fn begin(&self, batch: &[Begin], now: SystemTime) -> Result<Vec<Result<SystemTime>>> {
        let schedules = self.inner_schedules(Operation::BeginSchedules)?;
        self.call(Operation::BeginSchedules, schedules.begin(batch, now))
            .await
    }

    async fn fire_once(
        &self,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Result<Vec<Result<Fired>>> {
        let schedules = self.inner_schedules(Operation::Fire)?;
        let call = schedules.fire_once(holder, batch, now);
        self.call(Operation::Fire, call).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Keyspace for Faulty {
    fn namespace(&self) -> &str {
        self.inner
            .queues()
            .keyspace()
            .map_or("", Keyspace::namespace)
    }

    fn key(&self, parts: &[&str]) -> String {
        let keyspace = self.inner.queues().keyspace();
        keyspace.map_or_else(String::new, |keyspace| keyspace.key(parts))
    }

    async fn keys(&self) -> Result<Vec<String>> {
        let Some(keyspace) = self.inner.queues().keyspace() else {
            return Err(self.not_offered(Operation::Keys, "a keyspace"));
        };
        self.call(Operation::Keys, keyspace.keys()).await
    }
}
