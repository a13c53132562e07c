//! Mutants that cannot wait, and those that do not wake up.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Backend, BackendInfo, DelayedEdit, DelayedTo, Edit, EditTo, Enqueue, Error, Exchange, Outcome,
    Payload, Promotion, Pushed, QueueList, QueueName, Result, Ticket,
};

use super::twist::{Ask, Twist, ability, locked};

/// A job is moved a second too soon.
#[derive(Debug)]
pub(crate) struct PromotesTooSoon;

#[async_trait]
impl Twist for PromotesTooSoon {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let soon = now + Duration::from_secs(1);
        ability!(inner, delayed)
            .promote(holder, soon, at_most)
            .await
    }
}

/// Times are cut to full seconds, so that jobs come up to a second too soon.
#[derive(Debug)]
pub(crate) struct CutsFractions;

#[async_trait]
impl Twist for CutsFractions {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let mut batch = batch.to_vec();
        for job in &mut batch {
            if let Some(due) = &mut job.due {
                let seconds = due.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                *due = UNIX_EPOCH + Duration::from_secs(seconds);
            }
        }
        inner.queues().push(&batch).await
    }
}

/// The times of retries are cut to full seconds, so that they come up to a second too soon.
#[derive(Debug)]
pub(crate) struct CutsFractionsOfRetries;

#[async_trait]
impl Twist for CutsFractionsOfRetries {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if let Outcome::RetryAt { at, .. } = &mut settlement.outcome {
                let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                *at = UNIX_EPOCH + Duration::from_secs(seconds);
            }
        }
        ask.done(&done).pass(inner).await
    }
}

/// A retry whose time has passed is put into its queue at once, behind the back of the delayed set.
#[derive(Debug)]
pub(crate) struct RetriesThePastAtOnce;

#[async_trait]
impl Twist for RetriesThePastAtOnce {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let now = inner.workers().server_time().await?;
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if matches!(settlement.outcome, Outcome::RetryAt { at, .. } if at <= now) {
                settlement.outcome = Outcome::Release;
            }
        }
        ask.done(&done).pass(inner).await
    }
}

/// A time that has passed is as good as none.
#[derive(Debug)]
pub(crate) struct PushesThePastAtOnce;

#[async_trait]
impl Twist for PushesThePastAtOnce {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let now = inner.workers().server_time().await?;
        let mut batch = batch.to_vec();
        for job in &mut batch {
            job.due = job.due.filter(|due| *due >= now);
        }
        inner.queues().push(&batch).await
    }
}

/// A promotion moves everything that is due.
#[derive(Debug)]
pub(crate) struct PromotesAll;

#[async_trait]
impl Twist for PromotesAll {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        _at_most: usize,
    ) -> Result<Promotion> {
        ability!(inner, delayed)
            .promote(holder, now, usize::MAX)
            .await
    }
}

/// A promotion does not tell when it should be called again.
#[derive(Debug)]
pub(crate) struct HidesTheNextTime;

#[async_trait]
impl Twist for HidesTheNextTime {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let mut promotion = ability!(inner, delayed)
            .promote(holder, now, at_most)
            .await?;
        promotion.next_due = None;
        Ok(promotion)
    }
}

/// Jobs come into their queue in the order in which they were pushed, whatever their time.
#[derive(Debug)]
pub(crate) struct PromotesInOrderOfPushing;

#[async_trait]
impl Twist for PromotesInOrderOfPushing {
    async fn promote(
        &self,
        inner: &Backend,
        _holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let page = ability!(inner, delayed).list(None, 100_000).await?;
        let next_due = page.jobs.iter().map(|job| job.due).find(|due| *due > now);
        let mut due: Vec<_> = page.jobs.into_iter().filter(|job| job.due <= now).collect();
        due.truncate(at_most);
        // The numbers of the memory backend's ids grow.
        due.sort_by_key(|job| job.id.as_str().parse::<u64>().unwrap_or(0));
        let edits: Vec<_> = due
            .into_iter()
            .map(|job| DelayedEdit {
                id: job.id,
                to: DelayedTo::Queue,
            })
            .collect();
        let answers = ability!(inner, delayed).edit(&edits).await?;
        let mut promotion = Promotion::default();
        promotion.moved = answers.iter().filter(|answer| answer.is_ok()).count();
        promotion.next_due = next_due;
        Ok(promotion)
    }
}

/// Whoever promoted first promotes for ever.
#[derive(Debug, Default)]
pub(crate) struct NeverResigns {
    first: Mutex<Option<String>>,
}

#[async_trait]
impl Twist for NeverResigns {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let first = locked(&self.first).get_or_insert(holder.to_owned()).clone();
        if first != holder {
            let mut standby = Promotion::default();
            standby.standby = true;
            return Ok(standby);
        }
        ability!(inner, delayed).promote(holder, now, at_most).await
    }
}

/// Cancelling a job cancels all that look alike.
#[derive(Debug)]
pub(crate) struct CancelsAllAlike;

#[async_trait]
impl Twist for CancelsAllAlike {
    async fn edit_delayed(
        &self,
        inner: &Backend,
        batch: &[DelayedEdit],
    ) -> Result<Vec<Result<()>>> {
        let delayed = ability!(inner, delayed);
        let all = delayed.list(None, 10_000).await?.jobs;
        for edit in batch.iter().filter(|edit| edit.to == DelayedTo::Nowhere) {
            let Some(meant) = all.iter().find(|job| job.id == edit.id) else {
                continue;
            };
            let alike = |job: &&resque_core::DelayedJob| {
                job.payload == meant.payload && job.due == meant.due && job.id != meant.id
            };
            let to = DelayedTo::Nowhere;
            let alike = all.iter().filter(alike).map(|job| DelayedEdit {
                id: job.id.clone(),
                to,
            });
            delayed.edit(&alike.collect::<Vec<_>>()).await?;
        }
        delayed.edit(batch).await
    }
}

/// The id of a delayed job that has gone is no trouble.
#[derive(Debug)]
pub(crate) struct ForgivesGoneDelayedJobs;

#[async_trait]
impl Twist for ForgivesGoneDelayedJobs {
    async fn edit_delayed(
        &self,
        inner: &Backend,
        batch: &[DelayedEdit],
    ) -> Result<Vec<Result<()>>> {
        let answers = ability!(inner, delayed).edit(batch).await?;
        Ok(answers.into_iter().map(|_| Ok(())).collect())
    }
}

/// A delayed job that is given another time loses it.
#[derive(Debug)]
pub(crate) struct MovesInsteadOfPuttingOff;

#[async_trait]
impl Twist for MovesInsteadOfPuttingOff {
    async fn edit_delayed(
        &self,
        inner: &Backend,
        batch: &[DelayedEdit],
    ) -> Result<Vec<Result<()>>> {
        let mut batch = batch.to_vec();
        for edit in &mut batch {
            if let DelayedTo::At(_) = edit.to {
                edit.to = DelayedTo::Queue;
            }
        }
        ability!(inner, delayed).edit(&batch).await
    }
}

/// What happened between ticket and wait is missed.
#[derive(Debug)]
pub(crate) struct MissesWhatCameBefore;

#[async_trait]
impl Twist for MissesWhatCameBefore {
    async fn wait(&self, inner: &Backend, _ticket: Ticket, from: &QueueList) -> Result<()> {
        let waiting = ability!(inner, waiting);
        let ticket = waiting.ticket(from).await?;
        waiting.wait(ticket, from).await
    }
}

/// Only the pushes of the same connection wake.
#[derive(Debug, Default)]
pub(crate) struct HearsOnlyItself {
    pushes: AtomicU64,
    pushed: tokio::sync::Notify,
}

#[async_trait]
impl Twist for HearsOnlyItself {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let pushed = inner.queues().push(batch).await?;
        self.pushes.fetch_add(1, Ordering::SeqCst);
        self.pushed.notify_waiters();
        Ok(pushed)
    }

    async fn ticket(&self, _inner: &Backend, _from: &QueueList) -> Result<Ticket> {
        Ok(Ticket::new(self.pushes.load(Ordering::SeqCst)))
    }

    async fn wait(&self, inner: &Backend, ticket: Ticket, from: &QueueList) -> Result<()> {
        let news = self.pushed.notified();
        if self.pushes.load(Ordering::SeqCst) > ticket.moment() {
            return Ok(());
        }
        // The inner wait is for the outage alone.
        let broken = async {
            let waiting = ability!(inner, waiting);
            loop {
                let ticket = waiting.ticket(from).await?;
                waiting.wait(ticket, from).await?;
            }
        };
        tokio::select! {
            () = news => Ok(()),
            answer = broken => answer,
        }
    }

    fn twin(&self) -> Option<Arc<dyn Twist>> {
        Some(Arc::new(Self::default()))
    }
}

/// A star waits for the queues that existed when its ticket was drawn.
#[derive(Debug, Default)]
pub(crate) struct WaitsForOldQueues {
    known: Mutex<Vec<QueueName>>,
}

#[async_trait]
impl Twist for WaitsForOldQueues {
    async fn ticket(&self, inner: &Backend, from: &QueueList) -> Result<Ticket> {
        let known = inner.queues().queues().await?.names().cloned().collect();
        *locked(&self.known) = known;
        ability!(inner, waiting).ticket(from).await
    }

    async fn wait(&self, inner: &Backend, ticket: Ticket, from: &QueueList) -> Result<()> {
        if !from.is_dynamic() {
            return ability!(inner, waiting).wait(ticket, from).await;
        }
        let known = from.resolve(&locked(&self.known));
        // One that nobody pushes into, so that the list is never empty.
        let silent = QueueName::new("nobody pushes into this queue")?;
        let names = known.iter().chain([&silent]);
        let list = QueueList::new(names)?;
        ability!(inner, waiting).wait(ticket, &list).await
    }
}

/// An outage leaves those who wait waiting.
#[derive(Debug)]
pub(crate) struct WaitsThroughOutages;

#[async_trait]
impl Twist for WaitsThroughOutages {
    async fn wait(&self, inner: &Backend, ticket: Ticket, from: &QueueList) -> Result<()> {
        match ability!(inner, waiting).wait(ticket, from).await {
            Err(Error::Unavailable { .. }) => std::future::pending().await,
            answer => answer,
        }
    }
}

/// The ability to wait has gone, though it was declared.
#[derive(Debug)]
pub(crate) struct DoesNotWait;

#[async_trait]
impl Twist for DoesNotWait {
    fn offers_waiting(&self) -> bool {
        false
    }
}

/// Batches are atomic, but the backend does not say so.
#[derive(Debug)]
pub(crate) struct DeniesAtomicBatches;

#[async_trait]
impl Twist for DeniesAtomicBatches {
    fn info(&self, inner: &Backend) -> BackendInfo {
        inner.queues().info().atomic_batch(false)
    }
}

/// A job is moved a second too late.
#[derive(Debug)]
pub(crate) struct PromotesTooLate;

#[async_trait]
impl Twist for PromotesTooLate {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let before = now - Duration::from_secs(1);
        ability!(inner, delayed)
            .promote(holder, before, at_most)
            .await
    }
}

/// What was promoted waits for its time once more.
#[derive(Debug, Default)]
pub(crate) struct PromotesCopies(Mutex<BTreeSet<Payload>>);

#[async_trait]
impl Twist for PromotesCopies {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let delayed = ability!(inner, delayed);
        let before = delayed.list(None, 10_000).await?.jobs;
        let promotion = delayed.promote(holder, now, at_most).await?;
        for job in before.into_iter().take(promotion.moved) {
            let new = locked(&self.0).insert(job.payload.clone());
            if let (true, Some(queue)) = (new, job.queue) {
                let again = Enqueue::at(queue, job.payload, job.due);
                inner.queues().push(&[again]).await?;
            }
        }
        Ok(promotion)
    }
}

/// Due jobs come before those that wait in their queue.
#[derive(Debug)]
pub(crate) struct PromotesToTheFront;

#[async_trait]
impl Twist for PromotesToTheFront {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let delayed = ability!(inner, delayed);
        let before = delayed.list(None, 10_000).await?.jobs;
        let promotion = delayed.promote(holder, now, at_most).await?;
        for job in before.into_iter().take(promotion.moved).rev() {
            if let Some(queue) = job.queue {
                let (payload, to) = (job.payload, EditTo::Front);
                let front = Edit {
                    queue,
                    payload,
                    at_most: 1,
                    to,
                };
                inner.queues().edit(&[front]).await?;
            }
        }
        Ok(promotion)
    }
}

/// Jobs of the same time come in reverse.
#[derive(Debug)]
pub(crate) struct PromotesAlikeInReverse;

#[async_trait]
impl Twist for PromotesAlikeInReverse {
    async fn promote(
        &self,
        inner: &Backend,
        _holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let page = ability!(inner, delayed).list(None, 100_000).await?;
        let next_due = page.jobs.iter().map(|job| job.due).find(|due| *due > now);
        let mut due: Vec<_> = page.jobs.into_iter().filter(|job| job.due <= now).collect();
        due.reverse();
        due.sort_by_key(|job| job.due);
        due.truncate(at_most);
        let to = DelayedTo::Queue;
        let edits: Vec<_> = due
            .into_iter()
            .map(|job| DelayedEdit { id: job.id, to })
            .collect();
        let answers = ability!(inner, delayed).edit(&edits).await?;
        let mut promotion = Promotion::default();
        promotion.moved = answers.iter().filter(|answer| answer.is_ok()).count();
        promotion.next_due = next_due;
        Ok(promotion)
    }
}

/// A stopped queue stops promotion.
#[derive(Debug)]
pub(crate) struct StopsStopPromotion;

#[async_trait]
impl Twist for StopsStopPromotion {
    async fn promote(
        &self,
        inner: &Backend,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        let paused_queue = QueueName::new("mail")?;
        inner.queues().create_queue(&paused_queue).await?;
        let listing = inner.queues().queues().await?;
        if listing.queues.iter().any(|status| status.stopped) {
            return Ok(Promotion::default());
        }
        ability!(inner, delayed).promote(holder, now, at_most).await
    }
}

/// Who does not promote cannot resign.
#[derive(Debug)]
pub(crate) struct RefusesToResign;

#[async_trait]
impl Twist for RefusesToResign {
    async fn resign(&self, inner: &Backend, holder: &str) -> Result<()> {
        if holder == "suite:7" {
            return Err(Error::Conflict {
                what: format!("the promotion by {holder}"),
            });
        }
        ability!(inner, delayed).resign(holder).await
    }
}

/// Moving a delayed job into its queue cancels it.
#[derive(Debug)]
pub(crate) struct CancelsInsteadOfMoving;

#[async_trait]
impl Twist for CancelsInsteadOfMoving {
    async fn edit_delayed(
        &self,
        inner: &Backend,
        batch: &[DelayedEdit],
    ) -> Result<Vec<Result<()>>> {
        let mut batch = batch.to_vec();
        for edit in &mut batch {
            if edit.to == DelayedTo::Queue {
                edit.to = DelayedTo::Nowhere;
            }
        }
        ability!(inner, delayed).edit(&batch).await
    }
}

/// A second connection cannot wait.
#[derive(Debug)]
pub(crate) struct WaitsOnce;

#[async_trait]
impl Twist for WaitsOnce {
    fn twin(&self) -> Option<Arc<dyn Twist>> {
        Some(Arc::new(DoesNotWait))
    }
}
