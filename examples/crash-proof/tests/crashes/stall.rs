//! A worker that stands still for so long that it is taken for dead, and then goes on.

use crate::world::{Process, Store, World};

#[test]
fn a_worker_that_wakes_up_after_its_death() {
    wake_up(&World::new(Store::Redis));
}

#[test]
fn a_worker_that_wakes_up_after_its_death_on_postgres() {
    wake_up(&World::new(Store::Postgres));
}

fn wake_up(world: &World) {
    let worker = Process::launch(world, "work", 1);
    let first = worker.event("registered")["workers"][0].clone();
    let janitor = Process::start(world, "other", 1);

    // It is stopped in mid-job, and what it holds is recorded as failed.
    world.enqueue(0..1, |_| 3_000);
    world.until("the job starts", |world| world.books().started.len() == 1);
    worker.signal("STOP");
    assert_eq!(janitor.event("recovered")["worker"], first);
    assert!(world.books().ended.is_empty(), "it was stopped too late");
    assert_eq!(janitor.event("pruned")["worker"], first);
    let record = world.failures();

    // It goes on, ends the job, and learns that this is worth nothing.
    worker.signal("CONT");
    assert_eq!(worker.event("lost")["worker"], first);
    assert!(world.books().ended.contains(&0));
    assert_eq!(world.failures(), record);
    assert_eq!(world.processed(), 0);

    // It works again, under another name.
    world.enqueue(1..2, |_| 0);
    world.until("the next job is done", |world| world.processed() == 1);
    world.until("only the two are on the registry", |world| {
        world.workers().len() == 2
    });
    let workers = world.workers();
    assert!(workers.iter().all(|id| first != **id), "{workers:?}");

    worker.quit();
    janitor.quit();
    world.books().assert_none_started_twice();
    assert_eq!(world.failures(), record);
    assert_eq!(world.keys(), ["failed", "queues", "stat:processed"]);
}
