//! With a policy, the jobs of killed workers are tried again, unless they are what kills.

use std::collections::HashSet;
use std::time::Duration;

use crash_proof::Poison;

use crate::world::{Process, Store, World};

#[test]
fn jobs_whose_worker_is_killed_come_to_their_end_in_another() {
    come_to_their_end(&mut world(Store::Redis));
}

#[test]
fn on_postgres_they_do_so_too() {
    come_to_their_end(&mut world(Store::Postgres));
}

#[test]
fn a_job_that_kills_its_process_is_quarantined_after_three_of_them() {
    kill_and_be_quarantined(&world(Store::Redis));
}

#[test]
fn on_postgres_it_is_quarantined_too() {
    kill_and_be_quarantined(&world(Store::Postgres));
}

/// A store whose workers try jobs again.
fn world(store: Store) -> World {
    let mut world = World::new(store);
    world.attempts = 10;
    world
}

fn come_to_their_end(world: &mut World) {
    const JOBS: usize = 4;
    // Long enough that the other worker, which has to live, is not taken for dead.
    world.prune_after = Duration::from_secs(6);
    world.enqueue(0..JOBS as u64, |_| 3_000);
    let first = Process::start(world, "*", JOBS);
    let victim = first.id();
    world.until("all jobs start", |world| {
        world.books().started.len() == JOBS
    });
    first.kill();

    let second = Process::start(world, "*", JOBS);
    world.until("all jobs end", |world| world.books().ended.len() == JOBS);
    let books = world.books();
    assert_eq!(books.started.len(), 2 * JOBS, "each job started twice");
    let before: HashSet<u32> = books.started[..JOBS].iter().map(|(_, id)| *id).collect();
    assert_eq!(before, HashSet::from([victim]));
    world.until("all is settled", |world| world.processed() == JOBS as u64);
    second.quit();
    assert_eq!(world.failures(), []);
    assert_eq!(world.workers(), [""; 0]);
}

fn kill_and_be_quarantined(world: &World) {
    let _ = world.client.enqueue(&Poison {}).unwrap();
    // Each of the later ones finds the job of the one before, and tries it again.
    for _ in 0..3 {
        Process::launch(world, "*", 1).dies();
    }
    let last = Process::start(world, "*", 1);
    world.until("the job is on record", |world| !world.failures().is_empty());
    last.quit();
    let record = world.failures().remove(0);
    assert_eq!((record.attempts(), record.history().deaths.len()), (3, 3));
    let end = "(the job has cost 3 workers and is tried no more)";
    assert!(record.error.ends_with(end), "{}", record.error);
    assert_eq!(world.processed(), 0);
}
