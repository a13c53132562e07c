//! What probes are told.

use std::time::Duration;

use resque_core::testing::{Fault, Operation};
use resque_core::worker::Phase;

use crate::world::{Gate, World, outage, start, until};

#[tokio::test]
async fn a_worker_is_ready_while_it_takes_jobs() {
    let world = World::new();
    let builder = world.worker().concurrency(2);
    let mut worker = start(builder);
    worker.phase(Phase::Working).await;
    let health = worker.handle.health();
    assert!(health.is_live() && health.is_ready(), "{health}");
    assert_eq!(
        health.to_string(),
        "working: 0 of 2 slots busy, 0 processed, 0 failed"
    );
    worker.handle.pause();
    worker.phase(Phase::Paused).await;
    let health = worker.handle.health();
    assert!(health.is_live() && !health.is_ready(), "{health}");
    worker.handle.resume();
    worker.phase(Phase::Working).await;
    assert!(worker.handle.health().is_ready());
    worker.quit().await;
}

#[tokio::test]
async fn one_that_starts_or_finishes_lives_but_is_not_ready() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let worker = gate.on(world.worker()).build().unwrap();
    let health = worker.handle().health();
    assert!(health.is_live() && !health.is_ready(), "{health}");
    drop(worker);
    let mut worker = start(gate.on(world.worker()));
    worker.started().await;
    let handle = worker.handle.clone();
    handle.quit();
    worker.phase(Phase::Finishing).await;
    let health = handle.health();
    assert!(health.is_live() && !health.is_ready(), "{health}");
    assert!(
        health
            .to_string()
            .starts_with("finishing: 1 of 1 slots busy"),
        "{health}"
    );
    gate.open(1);
    worker.end().await;
    let health = handle.health();
    assert!(health.is_live() && !health.is_ready(), "{health}");
}

#[tokio::test]
async fn an_outage_takes_readiness_and_leaves_life() {
    let world = World::new();
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    world.faults.set_down(true);
    world.push("Ok", 0..1).await;
    outage(&mut worker).await;
    for _ in 0..30 {
        world.pass(10, 1).await;
        assert!(!worker.handle.health().is_ready());
    }
    // It has gone on trying, and no time passes any more.
    let lives = async || worker.handle.health().is_live();
    until("it lives", lives).await;
    world.faults.set_down(false);
    let flow = world.flow();
    worker.settled(1).await;
    drop(flow);
    worker.handle.stop_now();
    let _flow = world.flow();
    worker.end().await;
}

#[tokio::test]
async fn an_exchange_that_never_ends_takes_life() {
    let world = World::new();
    world.faults.next(Operation::Exchange, Fault::NeverEnds);
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    let asked = async || world.faults.calls(Operation::Exchange) > 0;
    until("an exchange is under way", asked).await;
    world.pass(59, 2).await;
    assert!(worker.handle.health().is_live());
    world.pass(1, 2).await;
    let health = worker.handle.health();
    assert!(!health.is_live() && !health.is_ready());
    assert_eq!(health.to_string(), "stuck: an exchange began 60s ago");
    worker.abort();
}

#[tokio::test]
async fn a_heartbeat_that_never_ends_takes_life() {
    let world = World::new();
    world.faults.next(Operation::Heartbeat, Fault::NeverEnds);
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    while world.faults.calls(Operation::Heartbeat) == 0 {
        world.pass(1, 2).await;
    }
    world.clock.advance(Duration::from_secs(50));
    assert!(worker.handle.health().is_live());
    world.pass(10, 2).await;
    let health = worker.handle.health();
    assert!(!health.is_live(), "{health}");
    let text = health.to_string();
    assert!(text.starts_with("stuck: its heartbeat"), "{text}");
    worker.abort();
}
