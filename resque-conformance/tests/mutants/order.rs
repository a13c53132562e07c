//! Mutants that serve queues in the wrong order.

use std::collections::BTreeMap;
use std::slice::from_ref;
use std::sync::Mutex;

use async_trait::async_trait;
use resque_core::{
    Backend, Edit, EditTo, Enqueue, Exchange, Outcome, Page, Popped, QueueList, QueueName, Result,
    Settlement,
};

use super::twist::{Ask, Twist, ability, locked};

/// The names of all queues.
async fn names(inner: &Backend) -> Result<Vec<QueueName>> {
    Ok(inner.queues().queues().await?.names().cloned().collect())
}

/// A list of plain names is served in byte order.
#[derive(Debug)]
pub(crate) struct IgnoresPriority;

fn sorted(from: &QueueList) -> Result<QueueList> {
    let Some(names) = from.names() else {
        return Ok(from.clone());
    };
    let mut names = names.to_vec();
    names.sort_unstable_by(|a, b| b.cmp(a));
    QueueList::new(&names)
}

#[async_trait]
impl Twist for IgnoresPriority {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        ask.from(&sorted(ask.from)?).pass(inner).await
    }
}

/// A plain pop serves its list in another order.
#[derive(Debug)]
pub(crate) struct PopIgnoresPriority;

#[async_trait]
impl Twist for PopIgnoresPriority {
    async fn pop(&self, inner: &Backend, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        let mut names = from.resolve(&names(inner).await?);
        names.reverse();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        inner.queues().pop(&QueueList::new(&names)?, at_most).await
    }
}

/// The newest job is given out first.
#[derive(Debug)]
pub(crate) struct LastInFirstOut;

#[async_trait]
impl Twist for LastInFirstOut {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        if !ask.want.is_empty() {
            for queue in ask.from.resolve(&names(inner).await?) {
                let last = inner.queues().peek(&queue, Page::ruby(-1, 1)).await?;
                for payload in last {
                    let to = EditTo::Front;
                    let edit = Edit {
                        queue: queue.clone(),
                        payload,
                        at_most: 1,
                        to,
                    };
                    inner.queues().edit(&[edit]).await?;
                }
            }
        }
        ask.pass(inner).await
    }
}

/// Jobs released together come back in reverse.
#[derive(Debug)]
pub(crate) struct ReleasesInReverse;

#[async_trait]
impl Twist for ReleasesInReverse {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut settled = Vec::new();
        for one in ask.done {
            let one = from_ref(one);
            settled.extend(ask.done(one).want(&[]).pass(inner).await?.settled);
        }
        let mut exchange = ask.done(&[]).pass(inner).await?;
        exchange.settled = settled;
        Ok(exchange)
    }
}

/// A released job goes to the end of its queue.
#[derive(Debug)]
pub(crate) struct ReleasesToTheEnd;

#[async_trait]
impl Twist for ReleasesToTheEnd {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let listing = inner.workers().workers().await?;
        let mut settled = ask.want(&[]).pass(inner).await?.settled;
        for (one, settled) in ask.done.iter().zip(&mut settled) {
            let held = listing
                .get(one.receipt.worker().as_str())
                .and_then(|w| w.holds.clone());
            if let (Outcome::Release, resque_core::Settled::Applied, Some(held)) =
                (&one.outcome, settled, held)
            {
                let queue = QueueName::new(&held.queue)?;
                let payload = held.payload;
                let to = EditTo::Nowhere;
                let take = Edit {
                    queue: queue.clone(),
                    payload: payload.clone(),
                    at_most: 1,
                    to,
                };
                inner.queues().edit(&[take]).await?;
                inner.queues().push(&[Enqueue::new(queue, payload)]).await?;
            }
        }
        let mut exchange = ask.done(&[]).pass(inner).await?;
        exchange.settled = settled;
        Ok(exchange)
    }
}

/// A star serves the queues that existed when it was first asked for.
#[derive(Debug, Default)]
pub(crate) struct RemembersTheStar {
    known: Mutex<BTreeMap<String, Vec<QueueName>>>,
}

#[async_trait]
impl Twist for RemembersTheStar {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        if !ask.from.is_dynamic() || ask.want.is_empty() {
            return ask.pass(inner).await;
        }
        let order = ask.from.resolve(&names(inner).await?);
        let mut known = locked(&self.known)
            .entry(ask.from.to_string())
            .or_default()
            .clone();
        if known.is_empty() {
            known = order;
            locked(&self.known).insert(ask.from.to_string(), known.clone());
        }
        if known.is_empty() {
            return ask.want(&[]).pass(inner).await;
        }
        ask.from(&QueueList::new(&known)?).pass(inner).await
    }
}

/// Negations are not heeded.
#[derive(Debug)]
pub(crate) struct IgnoresNegations;

#[async_trait]
impl Twist for IgnoresNegations {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let from: QueueList = ask.from.id_part().parse()?;
        ask.from(&from).pass(inner).await
    }
}

/// An exchange takes from one queue alone, the first that has a job.
#[derive(Debug)]
pub(crate) struct ServesOneQueue;

#[async_trait]
impl Twist for ServesOneQueue {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        let first = exchange.reserved.first().map(|given| given.queue.clone());
        let (own, others): (Vec<_>, Vec<_>) = std::mem::take(&mut exchange.reserved)
            .into_iter()
            .partition(|given| given.redelivered || Some(&given.queue) == first.as_ref());
        exchange.reserved = own;
        let back: Vec<_> = others
            .into_iter()
            .map(|g| Settlement::release(g.receipt))
            .collect();
        ask.done(&back).want(&[]).pass(inner).await?;
        Ok(exchange)
    }
}

/// Stopped queues give jobs.
#[derive(Debug)]
pub(crate) struct IgnoresStop;

/// Starts all stopped queues and tells which ones they were.
async fn start_all(inner: &Backend) -> Result<Vec<QueueName>> {
    let listing = inner.queues().queues().await?;
    let stopped = listing.queues.into_iter().filter(|status| status.stopped);
    let stopped: Vec<_> = stopped.map(|status| status.name).collect();
    for queue in &stopped {
        ability!(inner, control).set_stopped(queue, false).await?;
    }
    Ok(stopped)
}

async fn stop_all(inner: &Backend, queues: &[QueueName]) -> Result<()> {
    for queue in queues {
        ability!(inner, control).set_stopped(queue, true).await?;
    }
    Ok(())
}

#[async_trait]
impl Twist for IgnoresStop {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let stopped = start_all(inner).await?;
        let exchange = ask.pass(inner).await;
        stop_all(inner, &stopped).await?;
        exchange
    }
}

/// A plain pop takes from stopped queues.
#[derive(Debug)]
pub(crate) struct PopIgnoresStop;

#[async_trait]
impl Twist for PopIgnoresStop {
    async fn pop(&self, inner: &Backend, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        let stopped = start_all(inner).await?;
        let popped = inner.queues().pop(from, at_most).await;
        stop_all(inner, &stopped).await?;
        popped
    }
}

/// A pause stops nobody.
#[derive(Debug)]
pub(crate) struct IgnoresPause;

#[async_trait]
impl Twist for IgnoresPause {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let paused = ability!(inner, control).paused().await?;
        ability!(inner, control).set_paused(false).await?;
        let exchange = ask.pass(inner).await;
        ability!(inner, control).set_paused(paused).await?;
        exchange.map(|mut exchange| {
            exchange.paused = paused;
            exchange
        })
    }
}

/// The pause of the workers stops plain pops too.
#[derive(Debug)]
pub(crate) struct PopObeysPause;

#[async_trait]
impl Twist for PopObeysPause {
    async fn pop(&self, inner: &Backend, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        if ability!(inner, control).paused().await? {
            return Ok(Vec::new());
        }
        inner.queues().pop(from, at_most).await
    }
}

/// A stopped queue ends the whole list.
#[derive(Debug)]
pub(crate) struct StopsTheWholeList;

#[async_trait]
impl Twist for StopsTheWholeList {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let listing = inner.queues().queues().await?;
        let known: Vec<_> = listing.names().cloned().collect();
        let stopped = |queue: &QueueName| listing.get(queue.as_str()).is_some_and(|q| q.stopped);
        let want = if ask.from.resolve(&known).iter().any(stopped) {
            &[]
        } else {
            ask.want
        };
        ask.want(want).pass(inner).await
    }
}

/// The last slot is served first.
#[derive(Debug)]
pub(crate) struct ServesLastSlotsFirst;

#[async_trait]
impl Twist for ServesLastSlotsFirst {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let want: Vec<_> = ask.want.iter().rev().cloned().collect();
        ask.want(&want).pass(inner).await
    }
}

/// A plain pop takes one job at least.
#[derive(Debug)]
pub(crate) struct PopsOneAtLeast;

#[async_trait]
impl Twist for PopsOneAtLeast {
    async fn pop(&self, inner: &Backend, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        inner.queues().pop(from, at_most.max(1)).await
    }
}

/// A plain pop counts as a performed job.
#[derive(Debug)]
pub(crate) struct CountsPops;

#[async_trait]
impl Twist for CountsPops {
    async fn pop(&self, inner: &Backend, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        let popped = inner.queues().pop(from, at_most).await?;
        inner
            .workers()
            .incr_stat("processed", i64::from(!popped.is_empty()))
            .await?;
        Ok(popped)
    }
}

/// An exchange always tells of a pause.
#[derive(Debug)]
pub(crate) struct AlwaysTellsOfAPause;

#[async_trait]
impl Twist for AlwaysTellsOfAPause {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut exchange = ask.pass(inner).await?;
        exchange.paused = true;
        Ok(exchange)
    }
}

/// Nobody can tell whether there is a pause.
#[derive(Debug)]
pub(crate) struct DeniesThePause;

#[async_trait]
impl Twist for DeniesThePause {
    async fn paused(&self, _inner: &Backend) -> Result<bool> {
        Ok(false)
    }
}

/// A pause cannot be ended.
#[derive(Debug)]
pub(crate) struct NeverEndsThePause;

#[async_trait]
impl Twist for NeverEndsThePause {
    async fn set_paused(&self, inner: &Backend, paused: bool) -> Result<()> {
        if paused {
            ability!(inner, control).set_paused(true).await?;
        }
        Ok(())
    }
}
