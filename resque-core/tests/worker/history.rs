//! What workers remember about their store.

use std::time::Duration;

use resque_core::testing::{Fault, Operation};
use resque_core::{Client, HISTORY_KEPT, Sample, minute_of};

use crate::world::{World, start};

/// All samples, each with how many minutes it lies behind the time at which the world began.
async fn samples(world: &World) -> Vec<(u64, Sample)> {
    let client = Client::new(world.store.clone());
    let now = world.store.workers().server_time().await.unwrap();
    let history = client.history().unwrap();
    let samples = history.samples(now - HISTORY_KEPT, now).await.unwrap();
    let newest = minute_of(now);
    let behind = |time| newest.duration_since(time).unwrap().as_secs() / 60;
    samples
        .into_iter()
        .map(|(minute, sample)| (behind(minute), sample))
        .collect()
}

#[tokio::test]
async fn each_minute_is_sampled_once_whoever_works() {
    let world = World::new();
    let workers = [(); 3].map(|()| start(world.worker()));
    world.pass(5 * 60 + 59, 4 * workers.len()).await;
    let minutes: Vec<_> = samples(&world).await.into_iter().map(|one| one.0).collect();
    assert_eq!(
        minutes,
        [4, 3, 2, 1, 0],
        "not the minute in which they began"
    );
}

#[tokio::test]
async fn a_worker_that_soon_ends_leaves_nothing() {
    let world = World::new();
    let _worker = start(world.worker());
    world.pass(59, 4).await;
    assert_eq!(samples(&world).await, []);
}

#[tokio::test]
async fn a_sample_tells_what_there_is() {
    let world = World::new();
    let worker = start(world.worker());
    world.push("Ok", 0..3).await;
    let failing = |n: u32| format!(r#"{{"class":"Fail","args":["{n}"]}}"#);
    world.push_raw("q", (0..2).map(failing)).await;
    world.pass(50, 4).await;
    let queues = world.store.queues();
    let stopped = resque_core::QueueName::new("stopped").unwrap();
    let control = queues.control().unwrap();
    control.set_stopped(&stopped, true).await.unwrap();
    world.push_raw("stopped", ["a", "b"]).await;
    world.pass(60, 4).await;

    let mut expected = Sample::new(5, 2);
    expected.queued = Some(2);
    expected.delayed = Some(0);
    expected.failures = 2;
    let mut sampled = samples(&world).await.remove(0).1;
    let latency = sampled.latency_ms.take().unwrap();
    assert!((10_000..=35_000).contains(&latency), "{latency}");
    assert_eq!(sampled, expected);
    drop(worker);
}

#[tokio::test]
async fn a_minute_is_sampled_although_the_store_went_away_in_it() {
    let world = World::new();
    let _worker = start(world.worker());
    world.pass(59, 4).await;
    world.faults.next(Operation::Backlog, Fault::NotExecuted);
    world.faults.next(Operation::RecordSample, Fault::ReplyLost);
    world.pass(59, 4).await;
    assert_eq!(samples(&world).await.len(), 1);
    assert_eq!(world.faults.calls(Operation::RecordSample), 1);
}

#[tokio::test]
async fn a_janitor_with_long_rounds_misses_no_minute() {
    let world = World::new();
    let seldom = Duration::from_secs(60);
    let _worker = start(world.worker().janitor_every(seldom));
    world.pass(5 * 60 + 1, 4).await;
    assert_eq!(samples(&world).await.len(), 5);
}
