//! Jobs are performed, settled and counted.

use resque_core::worker::{StopCause, StopReason};

use crate::world::{World, start};

#[tokio::test]
async fn jobs_are_performed_and_the_report_tells() {
    let world = World::new();
    world.push("Ok", 0..100).await;
    let mut worker = start(world.worker().concurrency(7));
    worker.settled(100).await;
    worker.idle().await;
    let report = worker.quit().await;
    assert_eq!(report.reason, StopReason::Quit(StopCause::Handle));
    assert_eq!((report.processed, report.failed), (100, 0));
    assert_eq!(
        (world.waiting().await, world.stat("processed").await),
        (0, 100)
    );
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn a_job_pushed_to_an_idle_worker_is_performed_without_any_time_passing() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let mut worker = start(world.worker());
    worker.settled(1).await;
    worker.idle().await;
    world.push("Ok", 1..2).await;
    worker.settled(1).await;
    worker.idle().await;
    assert_eq!(worker.quit().await.processed, 2);
}
