//! The last moments of a worker whose process ends with jobs that do not yield.

use std::sync::{Arc, Mutex};

use resque_core::worker::{Phase, StopReport};
use resque_core::{JobResult, WorkerContext, WorkerHooks};

use crate::stopping::block;
use crate::world::{World, start};

/// Stops a worker that performs a job that does not yield, with this hook for its exit.
async fn stop_what_does_not_yield<F, Fut>(world: &World, hook: F) -> StopReport
where
    F: Fn(WorkerContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = JobResult> + Send + 'static,
{
    let builder = world.worker().exits_after_run();
    let hooks = WorkerHooks::new().worker_exit(hook);
    let (builder, release) = block(builder.worker_hooks(hooks));
    let mut worker = start(builder);
    worker.started().await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    worker.phase(Phase::Abandoning).await;
    let _flow = world.flow();
    let report = worker.end().await;
    drop(release);
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_gives_back_what_does_not_yield() {
    let world = World::new();
    world.push("Block", 0..1).await;
    let report = stop_what_does_not_yield(&world, |_| async { Ok(()) }).await;
    assert_eq!((report.released, report.still_running.len()), (1, 1));
    assert_eq!((world.waiting().await, world.registered().await), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_yield_is_given_back_after_all_hooks() {
    let world = World::new();
    world.push("Block", 0..1).await;
    let (store, seen) = (world.store.clone(), Arc::new(Mutex::new(None)));
    let sees = seen.clone();
    let report = stop_what_does_not_yield(&world, move |_| {
        let (store, sees) = (store.clone(), sees.clone());
        async move {
            let listing = store.queues().queues().await?;
            let waiting: u64 = listing.queues.iter().map(|queue| queue.length).sum();
            let workers = store.workers().workers().await?.workers.len();
            *sees.lock().unwrap() = Some((waiting, workers));
            Ok(())
        }
    })
    .await;
    assert_eq!(*seen.lock().unwrap(), Some((0, 1)));
    assert_eq!((report.released, report.still_running.len()), (1, 1));
    assert_eq!((world.waiting().await, world.registered().await), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_never_ends_does_not_keep_what_does_not_yield_from_being_given_back() {
    let world = World::new();
    world.push("Block", 0..1).await;
    let report = stop_what_does_not_yield(&world, |_| std::future::pending()).await;
    assert_eq!((report.released, report.still_running.len()), (1, 1));
    assert_eq!((world.waiting().await, world.registered().await), (1, 0));
}
