//! What the store offers besides, just as faulty.

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{Either, select};

use super::{Faulty, unreachable};
use crate::testing::Operation;
use crate::{
    Backlog, Begin, CancelJobs, Claim, Claimed, Cursor, DelayedEdit, DelayedJobs, DelayedPage,
    Enqueue, Fired, Firing, Keyspace, Lead, LeadClaim, Leading, Lease, Limits, Lock, NewSchedule,
    Promotion, Pushed, QueueControl, QueueList, QueueName, Receipt, Renewal, Result,
    ScheduleListing, ScheduleName, ScheduleStore, StatsHistory, Ticket, WaitForJobs,
};

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

    async fn push_once(&self, lock: &Lock, batch: &[Enqueue]) -> Result<Option<Vec<Pushed>>> {
        let limits = self.inner_limits(Operation::PushOnce)?;
        self.call(Operation::PushOnce, limits.push_once(lock, batch))
            .await
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
impl StatsHistory for Faulty {
    async fn backlog(&self) -> Result<Backlog> {
        let history = self.inner_history(Operation::Backlog)?;
        self.call(Operation::Backlog, history.backlog()).await
    }

    async fn record(&self, at: SystemTime, sample: &Bytes) -> Result<bool> {
        let history = self.inner_history(Operation::RecordSample)?;
        self.call(Operation::RecordSample, history.record(at, sample))
            .await
    }

    async fn range(
        &self,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Result<Vec<(SystemTime, Bytes)>> {
        let history = self.inner_history(Operation::SampleRange)?;
        let call = history.range(since, until, at_most);
        self.call(Operation::SampleRange, call).await
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

    async fn stopped(&self, queue: &QueueName) -> Result<bool> {
        let control = self.inner_control(Operation::Stopped)?;
        self.call(Operation::Stopped, control.stopped(queue)).await
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

    async fn leading(&self, now: SystemTime) -> Result<Leading> {
        let schedules = self.inner_schedules(Operation::Leading)?;
        self.call(Operation::Leading, schedules.leading(now)).await
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

    async fn server_facts(&self) -> Result<Vec<(String, String)>> {
        let Some(keyspace) = self.inner.queues().keyspace() else {
            return Err(self.not_offered(Operation::ServerFacts, "a keyspace"));
        };
        self.call(Operation::ServerFacts, keyspace.server_facts())
            .await
    }
}
