//! The janitor, the promoter and polling.

use std::time::{Duration, SystemTime};

use resque_core::worker::{Event, Phase, Polling};
use resque_core::{Enqueue, Hooks, JobFailure, QueueName, WorkerId};

use crate::stores::Plain;
use crate::world::{Gate, Running, World, start};

/// A worker that registers, takes a job and is never heard of again.
pub(crate) async fn die(world: &World, id: &str) -> WorkerId {
    let id = WorkerId::new(id).unwrap();
    let now = world.store.workers().server_time().await.unwrap();
    let ids = [id.clone()];
    world.store.workers().register(&ids, now).await.unwrap();
    let from = "*".parse().unwrap();
    world
        .store
        .queues()
        .exchange(&[], &ids, &from, now)
        .await
        .unwrap();
    id
}

pub(crate) async fn pruned(worker: &mut Running) -> WorkerId {
    worker
        .event(|event| match event {
            Event::Pruned { worker } => Some(worker.clone()),
            _ => None,
        })
        .await
}

async fn holders(world: &World) -> usize {
    let listing = world.store.workers().workers().await.unwrap();
    let holds = |worker: &&resque_core::WorkerStatus| worker.holds.is_some();
    listing.workers.iter().filter(holds).count()
}

#[tokio::test]
async fn the_job_of_a_dead_worker_of_ours_is_recorded_after_a_minute() {
    let world = World::new();
    world.push("Ok", 7..8).await;
    let dead = die(&world, "web1~abcde:1-0:q").await;
    let mut worker = start(world.worker());
    world.pass(60, 4).await;
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    world.pass(6, 4).await;
    assert_eq!(pruned(&mut worker).await, dead);
    let record = &world.failures().await[0];
    assert_eq!(record.exception, "Resque::PruneDeadWorkerDirtyExit");
    let error = "Worker web1~abcde:1-0:q did not gracefully exit while processing Ok";
    assert_eq!(record.error, error);
    assert_eq!((&*record.worker, &*record.queue), (dead.as_str(), "q"));
    assert_eq!(
        record.payload.to_text_lossy(),
        r#"{"class":"Ok","args":[7]}"#
    );
    // Nothing is counted: the attempt never ended by itself.
    assert_eq!(
        (world.stat("processed").await, world.stat("failed").await),
        (0, 0)
    );
    let report = worker.quit().await;
    assert_eq!((report.recovered, report.processed), (1, 0));
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn a_foreign_worker_is_left_alone_for_five_minutes() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let dead = die(&world, "ruby1:4711:q").await;
    let mut worker = start(world.worker().prune_foreign_after(Duration::from_secs(1)));
    world.pass(300, 4).await;
    assert_eq!(holders(&world).await, 1);
    world.pass(6, 4).await;
    assert_eq!(pruned(&mut worker).await, dead);
    assert_eq!(world.failures().await.len(), 1);
    worker.quit().await;
}

#[tokio::test]
async fn a_job_of_an_unknown_class_is_left_to_those_who_know_it_at_first() {
    let world = World::new();
    world.push("Elsewhere", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let mut worker = start(world.worker());
    world.pass(119, 4).await;
    assert_eq!(world.failures().await, []);
    world.pass(7, 4).await;
    pruned(&mut worker).await;
    assert_eq!(world.failures().await.len(), 1);
    worker.quit().await;
}

#[tokio::test]
async fn what_nobody_can_read_is_recorded_as_an_unknown_job() {
    let world = World::new();
    world.push_raw("q", ["\u{1}no job"]).await;
    die(&world, "web1~abcde:1-0:q").await;
    let mut worker = start(world.worker());
    world.pass(126, 4).await;
    pruned(&mut worker).await;
    let record = &world.failures().await[0];
    assert!(
        record.error.ends_with("while processing <Unknown Job>"),
        "{}",
        record.error
    );
    assert_eq!(record.payload.as_bytes(), b"\x01no job");
    worker.quit().await;
}

#[tokio::test]
async fn the_failure_hooks_of_the_class_run() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let hooks = Hooks::new().on_failure("tell", move |ctx, failure: JobFailure| {
        let told = told.clone();
        async move { Ok(told.send((ctx.class().to_owned(), failure.exception))?) }
    });
    let worker = start(world.worker().hooks(hooks));
    world.pass(66, 4).await;
    let (class, exception) = heard.recv().await.unwrap();
    assert_eq!(
        (&*class, &*exception),
        ("Ok", "Resque::PruneDeadWorkerDirtyExit")
    );
    worker.quit().await;
}

#[tokio::test]
async fn janitors_that_race_record_a_job_once() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let workers: Vec<_> = (0..4).map(|_| start(world.worker())).collect();
    world.pass(70, 16).await;
    assert_eq!(world.failures().await.len(), 1);
    let mut recovered = 0;
    for worker in workers {
        recovered += worker.quit().await.recovered;
    }
    assert_eq!((recovered, world.registered().await), (1, 0));
}

#[tokio::test]
async fn a_janitor_whose_replies_are_lost_records_a_job_once() {
    use resque_core::testing::{Fault, Operation};

    let world = World::new();
    world.push("Ok", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let mut worker = start(world.worker());
    world.pass(60, 4).await;
    for operation in [Operation::Dead, Operation::Exchange, Operation::Unregister] {
        world.faults.next(operation, Fault::ReplyLost);
        world.faults.next(operation, Fault::NotExecuted);
    }
    world.pass(90, 4).await;
    worker.phase(Phase::Working).await;
    assert_eq!(
        (world.failures().await.len(), world.registered().await),
        (1, 1)
    );
    world.faults.none();
    worker.quit().await;
}

#[tokio::test]
async fn after_an_outage_everybody_has_time_to_beat_again() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let other = die(&world, "web1~abcde:1-0:q").await;
    let mut worker = start(world.worker());
    world.pass(20, 4).await;
    world.faults.set_down(true);
    world.pass(120, 3).await;
    // This worker is back at once, the other one takes a while.
    world.faults.set_down(false);
    world.pass(50, 3).await;
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    let now = world.store.workers().server_time().await.unwrap();
    let beats = world
        .store
        .workers()
        .heartbeat(std::slice::from_ref(&other), now);
    assert_eq!(beats.await.unwrap().gone, []);
    world.pass(60, 4).await;
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    // From here on its silence counts.
    world.pass(6, 4).await;
    assert_eq!(pruned(&mut worker).await, other);
    assert_eq!(world.failures().await.len(), 1);
    worker.quit().await;
}

#[tokio::test]
async fn a_worker_that_has_just_come_gives_the_others_time_to_beat() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let other = die(&world, "web1~abcde:1-0:q").await;
    // The store is away for everybody and comes back as this worker starts.
    world.clock.advance(Duration::from_secs(600));
    let mut worker = start(world.worker());
    world.pass(29, 4).await;
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    let now = world.store.workers().server_time().await.unwrap();
    let beats = world
        .store
        .workers()
        .heartbeat(std::slice::from_ref(&other), now);
    assert_eq!(beats.await.unwrap().gone, []);
    world.pass(60, 4).await;
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    world.pass(6, 4).await;
    assert_eq!(pruned(&mut worker).await, other);
    worker.quit().await;
}

#[tokio::test]
async fn who_was_dead_long_before_a_worker_came_is_recorded_after_half_the_time() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let dead = die(&world, "web1~abcde:1-0:q").await;
    world.clock.advance(Duration::from_secs(600));
    let mut worker = start(world.worker());
    world.pass(36, 4).await;
    assert_eq!(pruned(&mut worker).await, dead);
    assert_eq!(world.failures().await.len(), 1);
    worker.quit().await;
}

#[tokio::test]
async fn a_foreign_worker_has_time_to_beat_too() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    die(&world, "ruby1:4711:q").await;
    world.clock.advance(Duration::from_secs(600));
    let mut worker = start(world.worker());
    // Ruby's workers beat once a minute.
    world.pass(149, 4).await;
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    world.pass(7, 4).await;
    pruned(&mut worker).await;
    worker.quit().await;
}

#[tokio::test]
async fn a_worker_that_beats_is_never_pruned_however_long_its_job_takes() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let id = die(&world, "web1~abcde:1-0:q").await;
    let worker = start(world.worker());
    for _ in 0..30 {
        world.pass(20, 4).await;
        let now = world.store.workers().server_time().await.unwrap();
        world
            .store
            .workers()
            .heartbeat(std::slice::from_ref(&id), now)
            .await
            .unwrap();
    }
    assert_eq!((world.failures().await, holders(&world).await), (vec![], 1));
    worker.quit().await;
}

#[tokio::test]
async fn a_delayed_job_is_performed_when_it_is_due_and_not_before() {
    let world = World::new();
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    let due: SystemTime =
        world.store.workers().server_time().await.unwrap() + Duration::from_secs(90);
    let queue = QueueName::new("q").unwrap();
    let job = Enqueue::at(queue, r#"{"class":"Ok","args":[]}"#, due);
    world.store.queues().push(&[job]).await.unwrap();
    world.pass(89, 4).await;
    assert_eq!(worker.handle.snapshot().processed, 0);
    world.pass(2, 4).await;
    worker.settled(1).await;
    worker.quit().await;
}

#[tokio::test]
async fn a_store_that_announces_nothing_is_polled_at_resques_pace() {
    let world = World::new();
    let polling = Polling {
        interval: Duration::from_secs(2),
        max: Some(Duration::from_secs(4)),
        backoff: Duration::from_secs(1),
        ..Polling::default()
    };
    let worker = world.worker_of(Plain::wrap(&world.faulty)).polling(polling);
    let mut worker = start(worker);
    worker.phase(Phase::Working).await;
    // Looks at 0, then after 3 and 4 seconds; a plain store has no delayed jobs to promote.
    world.pass(8, 3).await;
    world.push("Ok", 0..1).await;
    world.pass(2, 3).await;
    assert_eq!(worker.handle.snapshot().processed, 0);
    world.pass(1, 3).await;
    worker.settled(1).await;
    // It looks at once after a job, then again after three seconds.
    world.pass(1, 3).await;
    world.push("Ok", 1..2).await;
    world.pass(2, 3).await;
    worker.settled(1).await;
    worker.quit().await;
}

#[tokio::test]
async fn an_idle_worker_that_polls_stops_at_once() {
    let world = World::new();
    let mut worker = start(world.worker_of(Plain::wrap(&world.faulty)));
    worker.phase(Phase::Working).await;
    world.pass(1, 3).await;
    let before = world.store.workers().server_time().await.unwrap();
    worker.quit().await;
    assert_eq!(world.store.workers().server_time().await.unwrap(), before);
}

#[tokio::test]
async fn an_idle_worker_asks_the_store_for_next_to_nothing() {
    use resque_core::testing::Operation;

    let world = World::new();
    world.push("Ok", 0..1).await;
    let mut worker = start(world.worker().concurrency(50));
    worker.settled(1).await;
    worker.idle().await;
    let before = world.faults.calls(Operation::Exchange);
    world.pass(59, 4).await;
    assert_eq!(world.faults.calls(Operation::Exchange), before);
    worker.quit().await;
}

#[tokio::test]
async fn for_ever_is_a_time_like_any_other() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let builder = world.worker().job_timeout(Duration::MAX);
    let builder = builder
        .prune_after(Duration::MAX)
        .prune_foreign_after(Duration::MAX)
        .janitor_every(Duration::from_secs(5));
    let mut worker = start(gate.on(builder));
    worker.started().await;
    world.pass(60, 4).await;
    gate.open(1);
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed), (1, 0));
}
