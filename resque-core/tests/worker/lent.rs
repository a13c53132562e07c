//! Jobs that were lent to somebody else and never came back.

use std::time::Duration;

use resque_core::testing::Operation;
use resque_core::{LoanRequest, QueueList, QueueName};

use crate::world::{World, start};

/// Lends everything in the queue `q` for so many seconds.
async fn lend(world: &World, seconds: u64) -> usize {
    let from = QueueList::one(QueueName::new("q").unwrap());
    let until = world.now() + Duration::from_secs(seconds);
    let request = LoanRequest::new(&from, 100, until);
    let loans = world.store.queues().loans().unwrap();
    let lent = loans.lend(&request, world.now()).await.unwrap();
    lent.loans.len()
}

#[tokio::test]
async fn a_worker_performs_what_others_have_lost() {
    let world = World::new();
    world.push("Ok", 0..3).await;
    assert_eq!(lend(&world, 30).await, 3);
    let worker = start(world.worker());
    world.pass(29, 4).await;
    assert_eq!(world.stat("processed").await, 0);
    world.pass(11, 4).await;
    assert_eq!(world.stat("processed").await, 3);
    let report = worker.quit().await;
    assert_eq!(report.processed, 3);
}

#[tokio::test]
async fn a_store_that_lends_nothing_is_asked_once_a_minute() {
    let world = World::new();
    let _worker = start(world.worker());
    world.pass(150, 4).await;
    assert_eq!(world.faults.calls(Operation::PutBack), 3);
    assert_eq!(lend(&world, 5).await, 0);
}
