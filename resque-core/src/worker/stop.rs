//! The end of a worker, in the one order in which nothing is lost: fetch, executor, exchange,
//! scheduler, promoter, janitor, heartbeat, unregister.
//!
//! The lifecycle has ended the first two before this begins: no job is taken any more, and the jobs
//! have ended or were dropped, except for those that do not yield.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::core::{Core, Links};
use super::engine::Parts;
use super::giving_back;
use super::leaving;
use super::moments::Moment;
use super::operation::Operation;
use super::outage::{Backoff, Link, Persisted, persist};
use super::pool::Remains;
use super::report::Counters;
use super::running::Running;
use super::supervisor::{HURRY, Supervisor};
use crate::{Backend, Result, WorkerId};

/// Settles what there is, gives back what was dropped, and leaves the registry. Answers the jobs
/// that still run.
pub(crate) async fn stop(
    core: &Arc<Core>,
    parts: Parts,
    supervisor: &mut Supervisor,
) -> Vec<Arc<Running>> {
    let Parts {
        links,
        pools,
        promoter,
        promotes,
        scheduler,
        schedules,
        janitor,
        heart,
        heart_stop,
        moments,
    } = parts;

    // Exchange: what has ended is settled, what was dropped goes back to the front of its queue.
    let remains = supervisor.meanwhile(ends(pools)).await;
    let mut released: Vec<_> = remains.into_iter().flat_map(|r| r.abandoned).collect();
    let (mut still_running, unstarted) = core
        .slots
        .running()
        .into_iter()
        .filter(|running| released.iter().all(|other| !Arc::ptr_eq(running, other)))
        .partition::<Vec<_>, _>(|running| running.has_started());
    released.extend(unstarted);
    let mut last = Vec::new();
    if core.settings.exits_after_run {
        last = to_give_back_last(&mut released, &still_running);
    }
    give_back(core, supervisor, &links.exchange, &moments, &released).await;

    // Scheduler: another process may fire at once.
    schedules.abort();
    if core.settings.schedules.is_some() {
        let step_down = async |_| scheduler.step_down().await;
        try_to(
            core,
            supervisor,
            &links.upkeep,
            Operation::STOP_FIRING,
            step_down,
        )
        .await;
    }

    // Promoter: another process may promote at once.
    promotes.abort();
    let resign = async |_| promoter.resign().await;
    try_to(
        core,
        supervisor,
        &links.upkeep,
        Operation::STOP_PROMOTING,
        resign,
    )
    .await;

    // Janitor: it may be cut off anywhere.
    janitor.abort();

    // What still runs is given back when there is nothing left to wait for: the process ends next,
    // and these jobs with it.
    if !last.is_empty() {
        let (failed, released): (Vec<_>, Vec<_>) = last
            .into_iter()
            .partition(|running| giving_back::settlement(core, running).failure.is_some());
        give_back(core, supervisor, &links.exchange, &moments, &failed).await;
        supervisor.meanwhile(last_hooks(core, &moments)).await;
        give_back(core, supervisor, &links.exchange, &moments, &released).await;
    }

    // Heartbeat, until here, so that nobody takes what is being settled for lost.
    heart_stop.cancel();
    let registered = match heart.await {
        Ok(registered) => registered,
        Err(_) => core.slots.lock().ids_in_use(),
    };
    let held = if core.settings.exits_after_run {
        Vec::new()
    } else {
        still_running.clone()
    };
    let unregister =
        async |backend: Backend| leaving::unregister(core, &backend, &registered, &held).await;
    try_to(
        core,
        supervisor,
        &links.upkeep,
        Operation::LEAVE_THE_REGISTRY,
        unregister,
    )
    .await;
    still_running.sort_unstable_by_key(|running| running.number);
    still_running
}

/// Takes out of `released` what waits for the jobs that still run, and adds these: all of them go to
/// the front of their queues, so what was reserved before has to follow.
fn to_give_back_last(
    released: &mut Vec<Arc<Running>>,
    still_running: &[Arc<Running>],
) -> Vec<Arc<Running>> {
    let Some(newest) = still_running.iter().map(|running| running.number).max() else {
        return Vec::new();
    };
    let older = released.extract_if(.., |running| running.number < newest);
    older.chain(still_running.iter().cloned()).collect()
}

/// Has the last hooks called while jobs still run, and waits for them no longer than for jobs.
async fn last_hooks(core: &Core, moments: &mpsc::UnboundedSender<Moment>) {
    let (exit, called) = oneshot::channel();
    // The runtime may have gone, and with it whoever calls hooks.
    let _ = moments.send(Moment::Exit(exit));
    tokio::select! {
        biased;
        _ = called => {}
        () = core.clock.sleep(core.settings.term_timeout) => {
            tracing::error!("hooks of the worker's end take too long: they are cut off");
        }
    }
}

/// Leaves the registry again after a start that was broken off.
pub(crate) async fn leave_early(
    core: &Arc<Core>,
    links: &Links,
    registered: Vec<WorkerId>,
    supervisor: &mut Supervisor,
) {
    if registered.is_empty() {
        return;
    }
    let unregister =
        async |backend: Backend| leaving::unregister(core, &backend, &registered, &[]).await;
    try_to(
        core,
        supervisor,
        &links.upkeep,
        Operation::LEAVE_THE_REGISTRY,
        unregister,
    )
    .await;
}

/// Gives jobs back to their queues. Without any the store is not asked, so that nobody takes it for
/// reachable.
async fn give_back(
    core: &Arc<Core>,
    supervisor: &mut Supervisor,
    link: &Link,
    moments: &mpsc::UnboundedSender<Moment>,
    jobs: &[Arc<Running>],
) {
    if jobs.is_empty() {
        return;
    }
    let give_back = async |backend: Backend| leaving::release(core, &backend, moments, jobs).await;
    if !try_to(core, supervisor, link, Operation::GIVE_JOBS_BACK, give_back).await {
        Counters::add(&core.counters.unsettled, jobs.len() as u64);
    }
}

async fn ends(mut pools: JoinSet<Remains>) -> Vec<Remains> {
    let mut remains = Vec::new();
    while let Some(end) = pools.join_next().await {
        // A pool that crashed leaves nothing behind; others will find its jobs.
        remains.extend(end.ok());
    }
    remains
}

/// Tries until it works or the worker is in a hurry and has no time left.
async fn try_to<F>(
    core: &Arc<Core>,
    supervisor: &mut Supervisor,
    link: &Link,
    doing: Operation,
    call: F,
) -> bool
where
    F: AsyncFnMut(Backend) -> Result<()>,
{
    let mut orders = supervisor.orders().subscribe();
    let give_up = async move {
        if orders.wait_for(|orders| orders.hurry).await.is_err() {
            pending::<()>().await;
        }
        core.clock.sleep(HURRY).await;
    };
    let backoff = Backoff::new(core.settings.retry_between);
    let persisted = persist(link, backoff, give_up, doing, call);
    match supervisor.meanwhile(persisted).await {
        Persisted::Done(()) => true,
        Persisted::GaveUp => false,
        Persisted::Refused(error) => {
            link.failed(doing, error);
            false
        }
    }
}
