//! Requests that were carried out, or not, and nobody heard of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use resque::testing::{Fault, Faulty, Operation};
use resque::{Backend, Clock, Enqueue, ManualClock, SystemClock};

use crate::world::{HANGS, Running, World, bad, good};

/// Everything that a worker asks of a store goes wrong at first, once without having been carried
/// out and once with its reply lost.
#[tokio::test]
async fn each_command_of_a_worker_may_go_unanswered() {
    const JOBS: u64 = 40;
    let world = World::new().await;
    let (backend, faults) = Faulty::wrap(&world.backend);
    let mut calls: HashMap<Operation, usize> = HashMap::new();
    faults.plan(move |operation| {
        let calls = calls.entry(operation).or_default();
        *calls += 1;
        match (operation, *calls) {
            // A start that cannot even tell the time waits for that.
            (Operation::ServerTime, _) => None,
            (_, 2) => Some(Fault::NotExecuted),
            (Operation::Register, 1) | (_, 3 | 5) => Some(Fault::ReplyLost),
            _ => None,
        }
    });
    for number in 0..JOBS {
        world.push_good(number).await;
    }
    world.client.push("mail", bad(99)).await.unwrap();
    due(&world.backend, JOBS).await;
    let clock = ManualClock::new();
    clock.set_now(SystemClock::new().now());
    let mut worker = Running::by(backend, Arc::new(clock.clone()));
    let flow = tokio::spawn(flow(clock));
    worker.performed(0..=JOBS).await;
    for operation in [
        Operation::Exchange,
        Operation::Register,
        Operation::Heartbeat,
        Operation::Dead,
        Operation::Promote,
    ] {
        let often = async {
            while faults.calls(operation) < 6 {
                tokio::task::yield_now().await;
            }
        };
        let often = tokio::time::timeout(HANGS, often).await;
        assert!(often.is_ok(), "{operation}: {}", faults.calls(operation));
    }
    faults.none();
    let report = worker.quit().await;
    flow.abort();
    assert_eq!(
        (report.processed, report.failed, report.lost),
        (JOBS + 2, 1, 0)
    );
    assert_eq!(world.failures().await.len(), 1);
    let stats = world.client.stats().unwrap();
    let count = i64::try_from(JOBS + 2).unwrap();
    assert_eq!(stats.get("processed").await.unwrap(), count);
    assert_eq!(world.client.size("mail").await.unwrap(), 0);
    assert!(world.client.workers().await.unwrap().is_empty());
}

/// Time that passes while anybody waits for it, and waits for an engine whose thread gets no turn.
async fn flow(clock: ManualClock) {
    loop {
        clock.parked(1).await;
        clock.advance(Duration::from_millis(50));
        let _ = tokio::time::timeout(Duration::from_millis(100), clock.caught_up()).await;
        tokio::task::yield_now().await;
    }
}

/// A job that is due already.
async fn due(backend: &Backend, number: u64) {
    let job = Enqueue::at(
        "mail".parse().unwrap(),
        good(number),
        SystemTime::UNIX_EPOCH,
    );
    backend.queues().push(&[job]).await.unwrap();
}
