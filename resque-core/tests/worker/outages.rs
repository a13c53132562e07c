//! A store that goes away and comes back costs waiting, not jobs and not workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use resque_core::Error;
use resque_core::testing::{Fault, Operation};
use resque_core::worker::{Event, Phase};

use crate::world::{Gate, Running, World, outage, start};

async fn outage_over(worker: &mut Running) {
    worker
        .event(|event| matches!(event, Event::OutageOver { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn a_job_whose_reservation_was_answered_to_nobody_is_performed_once() {
    let world = World::new();
    world.push("Ok", 0..20).await;
    world.faults.next(Operation::Exchange, Fault::ReplyLost);
    let mut worker = start(world.worker().concurrency(4));
    outage(&mut worker).await;
    world.pass(1, 4).await;
    worker.settled(20).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.lost, report.released), (20, 0, 0));
    assert_eq!(world.stat("processed").await, 20);
}

#[tokio::test]
async fn a_settlement_whose_reply_was_lost_counts_once() {
    let world = World::new();
    let gate = Gate::new();
    let mut worker = start(gate.on(world.worker()));
    worker.phase(Phase::Working).await;
    world.push("Gate", 0..1).await;
    worker.started().await;
    world.faults.next(Operation::Exchange, Fault::ReplyLost);
    gate.open(1);
    outage(&mut worker).await;
    assert_eq!(world.stat("processed").await, 1);
    world.pass(1, 4).await;
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.lost), (1, 0));
    assert_eq!(world.stat("processed").await, 1);
}

#[tokio::test]
async fn a_settlement_that_never_arrived_is_sent_again() {
    let world = World::new();
    let gate = Gate::new();
    let mut worker = start(gate.on(world.worker()));
    worker.phase(Phase::Working).await;
    world.push("Gate", 0..1).await;
    worker.started().await;
    world.faults.set_down(true);
    gate.open(1);
    outage(&mut worker).await;
    world.pass(20, 3).await;
    let snapshot = worker.handle.snapshot();
    assert!(snapshot.outage && snapshot.slots[0].job.as_ref().unwrap().ended);
    assert_eq!(world.stat("processed").await, 0);
    world.faults.set_down(false);
    world.pass(6, 3).await;
    worker.settled(1).await;
    assert_eq!(worker.quit().await.processed, 1);
    assert_eq!(world.stat("processed").await, 1);
}

#[tokio::test]
async fn every_reply_may_be_lost_now_and_then() {
    let world = World::new();
    world.push("Ok", 0..500).await;
    let mut count = 0;
    world.faults.plan(move |operation| {
        count += 1;
        let fault = if count % 2 == 0 {
            Fault::ReplyLost
        } else {
            Fault::NotExecuted
        };
        (operation != Operation::ServerTime && count % 3 == 0).then_some(fault)
    });
    let mut worker = start(world.worker().concurrency(8));
    let flow = world.flow();
    worker.settled(500).await;
    world.faults.none();
    let report = worker.quit().await;
    drop(flow);
    assert_eq!((report.processed, report.lost), (500, 0));
    assert_eq!(
        (world.stat("processed").await, world.waiting().await),
        (500, 0)
    );
}

#[tokio::test]
async fn a_worker_started_during_an_outage_waits_for_its_end() {
    let world = World::new();
    world.faults.set_down(true);
    let mut worker = start(world.worker());
    outage(&mut worker).await;
    world.pass(600, 1).await;
    assert_eq!(worker.handle.phase(), Phase::Starting);
    world.faults.set_down(false);
    world.pass(5, 1).await;
    worker.phase(Phase::Working).await;
    world.push("Ok", 0..1).await;
    worker.settled(1).await;
    worker.quit().await;
}

#[tokio::test]
async fn a_worker_may_be_stopped_while_it_waits_to_start() {
    let world = World::new();
    world.faults.set_down(true);
    let mut worker = start(world.worker());
    outage(&mut worker).await;
    let report = worker.quit().await;
    assert_eq!(report.processed, 0);
}

#[tokio::test]
async fn a_start_that_nothing_can_better_is_an_error() {
    let world = World::new();
    let store = crate::stores::Refusing::wrap(&world.store);
    let worker = world.worker_of(store).build().unwrap();
    let error = worker.run().await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error}");
}

#[tokio::test]
async fn one_outage_is_told_once() {
    let world = World::new();
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    world.faults.set_down(true);
    outage(&mut worker).await;
    world.pass(25, 3).await;
    world.faults.set_down(false);
    world.pass(11, 3).await;
    let mut told = 1;
    worker
        .event(|event| {
            told += u32::from(matches!(event, Event::Outage { .. }));
            matches!(event, Event::OutageOver { .. }).then_some(())
        })
        .await;
    // One for each of the two connections of the engine.
    assert!(told <= 2, "{told}");
    worker.quit().await;
}

#[tokio::test]
async fn a_job_given_out_without_a_reply_goes_back_when_the_worker_quits() {
    let world = World::new();
    let mut worker = start(world.worker().concurrency(2));
    worker.phase(Phase::Working).await;
    world.pass(1, 4).await;
    world.faults.next(Operation::Exchange, Fault::ReplyLost);
    world.push("Ok", 0..1).await;
    outage(&mut worker).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.released), (0, 1));
    assert_eq!((world.waiting().await, world.registered().await), (1, 0));
}

#[tokio::test]
async fn a_settlement_that_the_store_cannot_apply_keeps_its_slot_and_is_tried_again() {
    let world = World::new();
    let gate = Gate::new();
    let (store, refused) = crate::stores::Stubborn::wrap(&world.store, 3);
    let mut worker = start(gate.on(world.worker_of(store)));
    world.push("Gate", 0..2).await;
    worker.started().await;
    gate.open(1);
    worker
        .event(|event| matches!(event, Event::Trouble { .. }).then_some(()))
        .await;
    assert_eq!(world.waiting().await, 1);
    let flow = world.flow();
    worker.settled(1).await;
    assert_eq!(refused.load(Ordering::SeqCst), 0);
    worker.started().await;
    gate.open(1);
    worker.settled(1).await;
    drop(flow);
    let report = worker.quit().await;
    assert_eq!((report.processed, report.lost), (2, 0));
}

#[tokio::test]
async fn announcements_that_break_off_are_begun_anew() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let mut worker = start(world.worker());
    worker.settled(1).await;
    worker.idle().await;
    world.faults.set_down(true);
    outage(&mut worker).await;
    world.faults.set_down(false);
    world.pass(6, 3).await;
    outage_over(&mut worker).await;
    world.push("Ok", 1..2).await;
    worker.settled(1).await;
    worker.quit().await;
}

#[tokio::test]
async fn a_stop_during_an_outage_ends_and_tells_what_is_not_settled() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let over = Arc::new(AtomicBool::new(false));
    let heard = over.clone();
    let builder = gate.on(world.worker()).on_event(move |event| {
        let is_over = matches!(event, Event::OutageOver { .. });
        heard.fetch_or(is_over, Ordering::SeqCst);
    });
    let mut worker = start(builder);
    worker.started().await;
    world.faults.set_down(true);
    gate.open(1);
    outage(&mut worker).await;
    worker.handle.stop_now();
    worker.phase(Phase::Stopping).await;
    let _flow = world.flow();
    let report = worker.end().await;
    assert_eq!((report.processed, report.unsettled), (0, 1));
    assert!(!over.load(Ordering::SeqCst), "the outage is not over");
}
