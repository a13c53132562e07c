//! Under which names the slots work, and what becomes of them when others took them for dead.

use std::time::Duration;

use resque_core::WorkerId;
use resque_core::testing::{Fault, Operation};
use resque_core::worker::{Event, Phase};

use crate::world::{Gate, Running, World, outage, start};

async fn registered(worker: &mut Running) -> Vec<WorkerId> {
    worker
        .event(|event| match event {
            Event::Registered { workers } => Some(workers.clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn after_a_long_outage_the_slots_take_new_ids_and_running_jobs_keep_theirs() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(gate.on(world.worker().concurrency(2)));
    let old = registered(&mut worker).await;
    let held = worker.started().await.worker.unwrap();
    world.faults.set_down(true);
    world.pass(40, 3).await;
    world.faults.set_down(false);
    world.pass(12, 3).await;
    let new = registered(&mut worker).await;
    assert!(new.iter().all(|id| !old.contains(id)), "{old:?} {new:?}");
    world.push("Gate", 1..2).await;
    let next = worker.started().await.worker.unwrap();
    assert!(new.contains(&next));
    let listing = world.store.workers().workers().await.unwrap();
    assert!(listing.get(held.as_str()).unwrap().holds.is_some());
    gate.open(2);
    worker.settled(2).await;
    world.pass(11, 4).await;
    // The old id left with its job.
    let listing = world.store.workers().workers().await.unwrap();
    assert_eq!(
        (listing.workers.len(), listing.get(held.as_str())),
        (2, None)
    );
    let report = worker.quit().await;
    assert_eq!((report.processed, report.lost), (2, 0));
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn a_job_given_out_right_before_a_long_outage_reaches_its_slot_afterwards() {
    let world = World::new();
    let mut worker = start(world.worker().concurrency(2));
    let old = registered(&mut worker).await;
    worker.phase(Phase::Working).await;
    world.pass(1, 4).await;
    world.faults.next(Operation::Exchange, Fault::ReplyLost);
    world.push("Ok", 0..1).await;
    outage(&mut worker).await;
    assert_eq!(world.waiting().await, 0);
    world.faults.set_down(true);
    world.pass(40, 3).await;
    world.faults.set_down(false);
    world.pass(12, 3).await;
    let job = worker.started().await;
    assert!(old.contains(&job.worker.unwrap()));
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.lost), (1, 0));
    assert_eq!(
        (world.registered().await, world.failures().await),
        (0, vec![])
    );
}

#[tokio::test]
async fn nothing_is_reserved_while_the_heartbeat_fails() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(gate.on(world.worker().concurrency(2)));
    let held = worker.started().await;
    world
        .faults
        .plan(|operation| (operation == Operation::Heartbeat).then_some(Fault::NotExecuted));
    world.pass(31, 3).await;
    world.push("Ok", 0..1).await;
    // The janitor sees that the own slots are silent and leaves them to the heartbeat.
    world.pass(90, 3).await;
    assert_eq!((world.waiting().await, world.failures().await), (1, vec![]));
    world.faults.none();
    world.pass(11, 3).await;
    let next = worker.started().await;
    assert_ne!(next.worker.unwrap().token(), held.worker.unwrap().token());
    gate.open(1);
    worker.settled(2).await;
    assert_eq!(worker.quit().await.processed, 2);
}

#[tokio::test]
async fn a_worker_removed_by_someone_takes_new_ids() {
    let world = World::new();
    let mut worker = start(world.worker());
    let old = registered(&mut worker).await;
    worker.phase(Phase::Working).await;
    let leaving = resque_core::Leaving::new(old[0].clone());
    world.store.workers().unregister(&[leaving]).await.unwrap();
    world.pass(11, 4).await;
    let new = registered(&mut worker).await;
    assert_ne!(old, new);
    world.push("Ok", 0..1).await;
    worker.settled(1).await;
    worker.quit().await;
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn ids_that_cannot_be_registered_are_not_thrown_away_for_newer_ones() {
    let world = World::new();
    let mut worker = start(world.worker());
    let old = registered(&mut worker).await;
    worker.phase(Phase::Working).await;
    let leaving = resque_core::Leaving::new(old[0].clone());
    world.store.workers().unregister(&[leaving]).await.unwrap();
    world
        .faults
        .plan(|operation| (operation == Operation::Register).then_some(Fault::ReplyLost));
    world.pass(40, 4).await;
    assert_eq!(world.registered().await, 1);
    world.faults.none();
    world.pass(11, 4).await;
    assert_ne!(registered(&mut worker).await, old);
    world.push("Ok", 0..1).await;
    worker.settled(1).await;
    worker.quit().await;
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn a_job_that_was_recovered_by_others_is_lost_and_says_so() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(gate.on(world.worker()));
    let held = worker.started().await.worker.unwrap();
    let now = world.store.workers().server_time().await.unwrap();
    // Somebody takes the worker for dead, as if its heartbeats had not come.
    let dead = world
        .store
        .workers()
        .dead(now + Duration::from_secs(1))
        .await
        .unwrap();
    let receipt = dead[0].holds.as_ref().unwrap().receipt.clone();
    let discard = resque_core::Settlement::discard(receipt);
    world
        .store
        .queues()
        .exchange(&[discard], &[], &"*".parse().unwrap(), now)
        .await
        .unwrap();
    gate.open(1);
    let lost = worker
        .event(|event| match event {
            Event::Lost { worker, .. } => Some(worker.clone()),
            _ => None,
        })
        .await;
    assert_eq!(lost, held);
    let report = worker.quit().await;
    assert_eq!((report.lost, report.processed), (1, 0));
    assert_eq!(world.stat("processed").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_handlers_silence_no_heartbeat() {
    let world = World::new();
    let application = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(3));
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Arc::new(std::sync::Mutex::new(blocked));
    let builder = world.worker().concurrency(4).register_fn("Block", {
        let barrier = barrier.clone();
        move |_: Vec<serde_json::Value>, _| {
            let (barrier, blocked) = (barrier.clone(), blocked.clone());
            async move {
                barrier.wait();
                let _ = blocked.lock().unwrap().recv();
                Ok(())
            }
        }
    });
    world.push("Block", 0..2).await;
    let mut worker = {
        let _entered = application.enter();
        start(builder)
    };
    // Every thread of the application blocks in a handler from here on.
    tokio::task::block_in_place(|| barrier.wait());
    for _ in 0..20 {
        world.pass(10, 3).await;
        let now = world.store.workers().server_time().await.unwrap();
        let late = now - Duration::from_secs(30);
        assert_eq!(world.store.workers().dead(late).await.unwrap(), []);
    }
    drop(release);
    worker.settled(2).await;
    worker.handle.quit();
    worker.phase(Phase::Stopped).await;
    application.shutdown_background();
}
