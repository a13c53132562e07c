//! Leaving the registry, and giving back what ids hold that nobody works for any more.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::core::Core;
use super::giving_back::{self, GivenBack};
use super::moments::Moment;
use super::report::Counters;
use super::running::Running;
use crate::{Backend, Held, Leaving, Left, Receipt, Result, Settled, Settlement, Tally, WorkerId};

/// Gives jobs back to the front of their queues, in the order in which they were reserved, and has
/// the failure hooks called of those that are recorded as failed instead.
pub(crate) async fn release(
    core: &Core,
    backend: &Backend,
    moments: &mpsc::UnboundedSender<Moment>,
    jobs: &[Arc<Running>],
) -> Result<()> {
    let mut jobs: Vec<_> = jobs.iter().collect();
    jobs.sort_unstable_by_key(|running| running.number);
    let (mut releases, mut failures) = (Vec::new(), Vec::new());
    for running in &jobs {
        let GivenBack {
            settlement,
            failure,
        } = giving_back::settlement(core, running);
        releases.push(core.with_leases(running, settlement));
        failures.push(failure);
    }
    let settled = settle_releases(core, backend, &releases).await?;
    for ((running, failure), settled) in jobs.iter().zip(failures).zip(settled) {
        if let (Settled::Applied, Some(failure)) = (settled, failure)
            && let Some(ctx) = running.context()
        {
            // The runtime may have gone, and with it whoever calls hooks.
            let _ = moments.send(Moment::Failed(ctx, failure));
        }
    }
    Ok(())
}

async fn release_receipts(core: &Core, backend: &Backend, receipts: Vec<Receipt>) -> Result<()> {
    let releases: Vec<_> = receipts.into_iter().map(Settlement::release).collect();
    settle_releases(core, backend, &releases).await.map(drop)
}

async fn settle_releases(
    core: &Core,
    backend: &Backend,
    releases: &[Settlement],
) -> Result<Vec<Settled>> {
    if releases.is_empty() {
        return Ok(Vec::new());
    }
    let from = &core.settings.pools[0].queues;
    let now = core.store_clock.now();
    let exchange = backend.queues().exchange(releases, &[], from, now).await?;
    for (release, settled) in releases.iter().zip(&exchange.settled) {
        let counters = &core.counters;
        match (settled, release.tally) {
            (Settled::Lost | Settled::Trouble(_), _) => {}
            (Settled::Applied, Tally::Nothing) => Counters::add(&counters.released, 1),
            (Settled::Applied, Tally::Processed) => Counters::add(&counters.processed, 1),
            (Settled::Applied, Tally::ProcessedAndFailed) => {
                Counters::add(&counters.processed, 1);
                Counters::add(&counters.failed, 1);
            }
        }
    }
    Ok(exchange.settled)
}

/// Takes ids off the registry. What one of them still holds it was given without ever hearing of
/// it, so it is given back, unless it is among `running`, whose jobs nobody could end.
pub(crate) async fn unregister(
    core: &Core,
    backend: &Backend,
    ids: &[WorkerId],
    running: &[Arc<Running>],
) -> Result<()> {
    let leaving: Vec<_> = ids.iter().cloned().map(Leaving::new).collect();
    let left = backend.workers().unregister(&leaving).await?;
    let mut held: Vec<Held> = left
        .into_iter()
        .filter_map(|left| match left {
            Left::Holding(held) => Some(*held),
            Left::Gone | Left::Alive => None,
        })
        .filter(|held| {
            let holder = held.receipt.worker();
            running.iter().all(|job| job.reservation.worker != *holder)
        })
        .collect();
    held.sort_by_key(|held| held.since);
    let unheard: Vec<Receipt> = held.into_iter().map(|held| held.receipt).collect();
    if unheard.is_empty() {
        return Ok(());
    }
    let again = unheard.iter().map(|receipt| receipt.worker().clone());
    let again: Vec<_> = again.map(Leaving::new).collect();
    release_receipts(core, backend, unheard).await?;
    backend.workers().unregister(&again).await?;
    Ok(())
}
