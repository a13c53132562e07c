//! What is done for running jobs with every heartbeat: what they hold is held on, and those that
//! somebody wants to end are asked to.

use std::sync::Arc;

use super::Event;
use super::core::Core;
use super::limiter::Limiter;
use super::running::Running;
use crate::{Backend, Receipt, Renewal, Result};

/// Does what is to be done for the jobs that run.
pub(crate) async fn of_running_jobs(core: &Arc<Core>, backend: &Backend) -> Result<()> {
    let running = core.slots.running();
    if running.is_empty() {
        return Ok(());
    }
    // Neither waits for the other to succeed: whoever cancels a job counts on it.
    let held = hold_on(core, backend, &running).await;
    let looked = look_for_marks(core, backend, running).await;
    held.and(looked)
}

async fn hold_on(core: &Core, backend: &Backend, running: &[Arc<Running>]) -> Result<()> {
    let (Some(limiter), Some(limits)) = (&core.limiter, backend.queues().limits()) else {
        return Ok(());
    };
    let now = core.store_clock.now();
    let renewals = limiter.renewals(running, now);
    if renewals.is_empty() {
        return Ok(());
    }
    let held = limits.renew(&renewals, now).await?;
    // A job that Ruby or a schedule enqueued never had the lock of its class.
    let lost = |(held, renewal): &(&bool, &Renewal)| !**held && Limiter::is_place(&renewal.lease);
    let over = held.iter().zip(&renewals).filter(lost).count();
    if over > 0 {
        // Nothing to do about it: the jobs run, and others may have what they held.
        tracing::warn!(
            over,
            "places of running jobs were over before they were renewed"
        );
    }
    Ok(())
}

async fn look_for_marks(
    core: &Arc<Core>,
    backend: &Backend,
    mut running: Vec<Arc<Running>>,
) -> Result<()> {
    let Some(cancel) = backend.queues().cancel() else {
        return Ok(());
    };
    running.retain(|running| !running.is_cancelled());
    let receipts: Vec<Receipt> = running.iter().map(|job| job.receipt().clone()).collect();
    let marks = cancel.marked(&receipts).await?;
    for (running, marked) in running.into_iter().zip(marks) {
        if marked {
            end(core, running);
        }
    }
    Ok(())
}

/// Asks a job to end, and drops it if it does not do so in time.
fn end(core: &Arc<Core>, running: Arc<Running>) {
    let job = running.info();
    tracing::warn!(
        class = job.class,
        queue = job.queue,
        "a running job is cancelled"
    );
    core.events.announce(|| Event::Cancelled { job });
    running.cancel_for_good();
    let core = core.clone();
    tokio::spawn(async move {
        core.clock.sleep(core.settings.timeout_grace).await;
        running.abandon();
    });
}
