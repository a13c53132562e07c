//! Mutants that hold and settle jobs wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Backend, Edit, EditTo, Enqueue, Exchange, Held, Leaving, Left, Outcome, Payload, QueueList,
    QueueName, Receipt, Result, Settled, Settlement, Tally, WorkerId,
};

use super::twist::{Ask, Twist, locked};

/// What a registered worker holds.
async fn held_by(inner: &Backend, id: &WorkerId) -> Result<Option<Held>> {
    let listing = inner.workers().workers().await?;
    Ok(listing
        .get(id.as_str())
        .and_then(|status| status.holds.clone()))
}

/// The list of everything.
fn any() -> QueueList {
    "*".parse().expect("a star is a queue list")
}

/// The receipt without its guard.
fn unguarded(receipt: &Receipt) -> Receipt {
    match receipt.number() {
        Some(number) => Receipt::numbered(receipt.worker().clone(), number),
        None => Receipt::new(receipt.worker().clone(), receipt.token()),
    }
}

/// Puts a payload at the front of a queue.
async fn put_front(inner: &Backend, queue: QueueName, payload: Payload) -> Result<()> {
    let edit = Edit {
        queue: queue.clone(),
        payload: payload.clone(),
        at_most: 1,
        to: EditTo::Front,
    };
    inner.queues().push(&[Enqueue::new(queue, payload)]).await?;
    inner.queues().edit(&[edit]).await?;
    Ok(())
}

/// A slot that holds a job is given nothing.
#[derive(Debug)]
pub(crate) struct RedeliversNothing;

#[async_trait]
impl Twist for RedeliversNothing {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        exchange.reserved.retain(|given| !given.redelivered);
        Ok(exchange)
    }
}

/// A job that is given again does not say so.
#[derive(Debug)]
pub(crate) struct ForgetsTheMark;

#[async_trait]
impl Twist for ForgetsTheMark {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        exchange
            .reserved
            .iter_mut()
            .for_each(|given| given.redelivered = false);
        Ok(exchange)
    }
}

/// A slot that asks while it holds a job is given the next one, and the first one is forgotten.
#[derive(Debug)]
pub(crate) struct OverwritesNotes;

#[async_trait]
impl Twist for OverwritesNotes {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.want(&[]).pass(inner).await?;
        for slot in ask.want {
            if let Some(held) = held_by(inner, slot).await? {
                let forget = Settlement::discard(held.receipt);
                ask.done(&[forget]).want(&[]).pass(inner).await?;
            }
        }
        let given = ask.done(&[]).pass(inner).await?;
        exchange.reserved = given.reserved;
        exchange.paused = given.paused;
        Ok(exchange)
    }
}

/// A job leaves its queue without being noted anywhere, as in Resque; the process alone knows it.
#[derive(Debug, Default)]
pub(crate) struct LosesOnCrash {
    /// What was given out, by worker.
    known: Mutex<BTreeMap<WorkerId, (QueueName, Payload)>>,
}

impl LosesOnCrash {
    async fn settle(&self, inner: &Backend, settlement: &Settlement) -> Result<Settled> {
        let worker = settlement.receipt.worker();
        let Some((queue, payload)) = locked(&self.known).remove(worker) else {
            return Ok(Settled::Lost);
        };
        let due = |payload, at| Enqueue::at(queue.clone(), payload, at);
        match &settlement.outcome {
            Outcome::Failed(record) => {
                inner.failures().record(from_ref(&**record)).await?;
            }
            Outcome::RetryAt { payload, at } => {
                inner.queues().push(&[due(payload.clone(), *at)]).await?;
            }
            Outcome::Defer(at) => drop(inner.queues().push(&[due(payload, *at)]).await?),
            Outcome::Release => put_front(inner, queue, payload).await?,
            Outcome::ReleaseAs(payload) => put_front(inner, queue, payload.clone()).await?,
            _ => {}
        }
        for (name, counts) in [
            ("processed", settlement.tally != Tally::Nothing),
            ("failed", settlement.tally == Tally::ProcessedAndFailed),
        ] {
            inner.workers().incr_stat(name, counts.into()).await?;
            inner
                .workers()
                .incr_stat(&format!("{name}:{worker}"), counts.into())
                .await?;
        }
        Ok(Settled::Applied)
    }
}

#[async_trait]
impl Twist for LosesOnCrash {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut settled = Vec::new();
        for settlement in ask.done {
            settled.push(self.settle(inner, settlement).await?);
        }
        let mut exchange = ask.done(&[]).pass(inner).await?;
        exchange.settled = settled;
        for given in &exchange.reserved {
            let job = (given.queue.clone(), given.payload.clone());
            locked(&self.known).insert(given.worker.clone(), job);
            let forget = Settlement::discard(given.receipt.clone());
            ask.done(&[forget]).want(&[]).pass(inner).await?;
        }
        Ok(exchange)
    }
}

/// Every job stays in its queue when it is given out for the first time.
#[derive(Debug, Default)]
pub(crate) struct HandsOutTwice {
    known: Mutex<BTreeSet<Payload>>,
}

#[async_trait]
impl Twist for HandsOutTwice {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let exchange = ask.pass(inner).await?;
        for given in &exchange.reserved {
            let new = locked(&self.known).insert(given.payload.clone());
            if new {
                put_front(inner, given.queue.clone(), given.payload.clone()).await?;
            }
        }
        Ok(exchange)
    }
}

/// A receipt settles whatever its worker holds by now.
#[derive(Debug)]
pub(crate) struct SettlesStaleReceipts;

#[async_trait]
impl Twist for SettlesStaleReceipts {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if settlement.receipt.guard().is_none()
                && let Some(held) = held_by(inner, settlement.receipt.worker()).await?
            {
                settlement.receipt = held.receipt;
            }
        }
        ask.done(&done).pass(inner).await
    }
}

/// The token of any receipt settles, whoever shows it.
#[derive(Debug)]
pub(crate) struct AcceptsStolenReceipts;

#[async_trait]
impl Twist for AcceptsStolenReceipts {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let listing = inner.workers().workers().await?;
        let held: Vec<_> = listing
            .workers
            .into_iter()
            .filter_map(|status| status.holds)
            .collect();
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            let token = unguarded(&settlement.receipt);
            let same = |held: &&Held| {
                (held.receipt.number(), held.receipt.token()) == (token.number(), token.token())
            };
            if let (None, Some(held)) = (settlement.receipt.guard(), held.iter().find(same)) {
                settlement.receipt = held.receipt.clone();
            }
        }
        ask.done(&done).pass(inner).await
    }
}

/// A lost settlement says that it took effect.
#[derive(Debug)]
pub(crate) struct NeverSaysLost;

#[async_trait]
impl Twist for NeverSaysLost {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        for settled in &mut exchange.settled {
            *settled = Settled::Applied;
        }
        Ok(exchange)
    }
}

/// A lost settlement counts all the same.
#[derive(Debug)]
pub(crate) struct CountsLostSettlements;

#[async_trait]
impl Twist for CountsLostSettlements {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let exchange = ask.pass(inner).await?;
        for (settlement, settled) in ask.done.iter().zip(&exchange.settled) {
            if matches!(settled, Settled::Lost) && settlement.tally != Tally::Nothing {
                inner.workers().incr_stat("processed", 1).await?;
            }
        }
        Ok(exchange)
    }
}

/// A lost settlement records its failure all the same: two janitors evict a worker twice.
#[derive(Debug)]
pub(crate) struct EvictsTwice;

#[async_trait]
impl Twist for EvictsTwice {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let exchange = ask.pass(inner).await?;
        for (settlement, settled) in ask.done.iter().zip(&exchange.settled) {
            if let (Settled::Lost, Outcome::Failed(record)) = (settled, &settlement.outcome) {
                inner.failures().record(from_ref(&**record)).await?;
            }
        }
        Ok(exchange)
    }
}

/// Every performed job counts twice in total.
#[derive(Debug)]
pub(crate) struct CountsTwice;

#[async_trait]
impl Twist for CountsTwice {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let exchange = ask.pass(inner).await?;
        for (settlement, settled) in ask.done.iter().zip(&exchange.settled) {
            if matches!(settled, Settled::Applied) && settlement.tally != Tally::Nothing {
                inner.workers().incr_stat("processed", 1).await?;
            }
        }
        Ok(exchange)
    }
}

/// A failed job does not count as processed, and everything that leaves a worker does.
#[derive(Debug)]
pub(crate) struct CountsByOutcome;

#[async_trait]
impl Twist for CountsByOutcome {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            settlement.tally = match settlement.outcome {
                Outcome::Done => Tally::Processed,
                Outcome::Failed(_) => Tally::ProcessedAndFailed,
                _ => Tally::Nothing,
            };
        }
        ask.done(&done).pass(inner).await
    }
}

/// What a janitor decided because of an old heartbeat holds for ever.
#[derive(Debug)]
pub(crate) struct IgnoresGuards;

#[async_trait]
impl Twist for IgnoresGuards {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            settlement.receipt = unguarded(&settlement.receipt);
        }
        ask.done(&done).pass(inner).await
    }
}

/// A dead worker is removed though it has beaten since.
#[derive(Debug)]
pub(crate) struct RemovesTheLiving;

#[async_trait]
impl Twist for RemovesTheLiving {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let without: Vec<_> = leaving
            .iter()
            .map(|one| Leaving::new(one.worker.clone()))
            .collect();
        inner.workers().unregister(&without).await
    }
}

/// A worker that leaves takes its job into nowhere.
#[derive(Debug)]
pub(crate) struct UnregisterDropsTheJob;

#[async_trait]
impl Twist for UnregisterDropsTheJob {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let left = inner.workers().unregister(leaving).await?;
        for one in left {
            if let Left::Holding(held) = one {
                let (drop, now) = (Settlement::discard(held.receipt), SystemTime::UNIX_EPOCH);
                inner.queues().exchange(&[drop], &[], &any(), now).await?;
            }
        }
        inner.workers().unregister(leaving).await
    }
}

/// Deleting a queue forgets the jobs that workers hold from it.
#[derive(Debug)]
pub(crate) struct DeletingForgetsHeldJobs;

#[async_trait]
impl Twist for DeletingForgetsHeldJobs {
    async fn delete_queue(&self, inner: &Backend, queue: &QueueName) -> Result<u64> {
        for status in inner.workers().workers().await?.workers {
            if let Some(held) = status.holds.filter(|held| held.queue == queue.as_str()) {
                let (drop, now) = (Settlement::discard(held.receipt), SystemTime::UNIX_EPOCH);
                inner.queues().exchange(&[drop], &[], &any(), now).await?;
            }
        }
        inner.queues().delete_queue(queue).await
    }
}

/// A reservation is known to the connection alone that was given it.
#[derive(Debug, Default)]
pub(crate) struct BoundToItsConnection {
    known: Mutex<BTreeSet<WorkerId>>,
}

#[async_trait]
impl Twist for BoundToItsConnection {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        let mut known = locked(&self.known);
        exchange
            .reserved
            .retain(|given| !given.redelivered || known.contains(&given.worker));
        known.extend(exchange.reserved.iter().map(|given| given.worker.clone()));
        drop(known);
        Ok(exchange)
    }

    fn twin(&self) -> Option<Arc<dyn Twist>> {
        Some(Arc::new(Self::default()))
    }
}

/// No more than 500 slots are served at once; the others are overlooked.
#[derive(Debug)]
pub(crate) struct ServesFewSlots;

#[async_trait]
impl Twist for ServesFewSlots {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        ask.want(&ask.want[..ask.want.len().min(400)])
            .pass(inner)
            .await
    }
}

/// A held job is not given again while reserving is paused.
#[derive(Debug)]
pub(crate) struct PauseKeepsHeldJobs;

#[async_trait]
impl Twist for PauseKeepsHeldJobs {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        if exchange.paused {
            exchange.reserved.clear();
        }
        Ok(exchange)
    }
}

/// A job that is given again is said to be held since now.
#[derive(Debug)]
pub(crate) struct RestartsTheClock;

#[async_trait]
impl Twist for RestartsTheClock {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        exchange
            .reserved
            .iter_mut()
            .for_each(|given| given.since = ask.now);
        Ok(exchange)
    }
}

/// An exchange that asks for nothing takes a job all the same.
#[derive(Debug)]
pub(crate) struct TakesUnasked;

#[async_trait]
impl Twist for TakesUnasked {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        if ask.done.is_empty() && ask.want.is_empty() {
            inner.queues().pop(ask.from, 1).await?;
        }
        ask.pass(inner).await
    }
}

/// The record of a failed job loses its backtrace.
#[derive(Debug)]
pub(crate) struct FailsWithoutBacktrace;

#[async_trait]
impl Twist for FailsWithoutBacktrace {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if let Outcome::Failed(record) = &mut settlement.outcome {
                record.backtrace.clear();
            }
        }
        ask.done(&done).pass(inner).await
    }
}
