//! A server that goes away under working workers and comes back with its data.
//!
//! The rule: an outage costs waiting and nothing else. Whether a request was carried out whose reply
//! got lost, a worker finds out by asking again under the same id: a job that it was given without
//! hearing of it is given to it once more, and starts once; a settlement that had arrived is not
//! applied again. So no job starts twice and none fails, however long the outage lasts.

use std::time::Duration;

use resque_testserver::poll_until;

use crate::world::{PATIENCE, Process, Server, Store, World};

const JOBS: u64 = 2_000;

/// Long enough that a busy machine alone makes nobody look dead.
const PRUNE_AFTER: Duration = Duration::from_secs(10);

#[test]
fn a_server_that_is_killed_again_and_again() {
    kill_again_and_again(world(Store::Redis));
}

#[test]
fn a_postgres_that_is_killed_again_and_again() {
    kill_again_and_again(world(Store::Postgres));
}

fn kill_again_and_again(mut world: World) {
    // Nobody has to wait for it here.
    world.prune_after = PATIENCE;
    let fleet = fleet(&world);
    world.enqueue(0..JOBS, |number| 1 + number % 5);
    for round in 1..=5 {
        under_way(&world, round * 300);
        world.server.kill().unwrap();
        for worker in &fleet {
            worker.event("outage");
        }
        world.server.restart().unwrap();
        for worker in &fleet {
            worker.event("outage over");
        }
    }
    all_done(&world, fleet);
}

#[test]
fn an_outage_that_outlasts_the_patience_of_janitors() {
    outlast_the_janitors(world(Store::Redis));
}

#[test]
fn an_outage_of_postgres_that_outlasts_the_patience_of_janitors() {
    outlast_the_janitors(world(Store::Postgres));
}

fn outlast_the_janitors(mut world: World) {
    let fleet = fleet(&world);
    // Some jobs outlast the outage.
    world.enqueue(0..JOBS, |number| match number {
        0..8 => 2 * milliseconds(PRUNE_AFTER),
        _ => 1 + number % 5,
    });
    under_way(&world, 300);
    world.server.kill().unwrap();
    for worker in &fleet {
        worker.event("outage");
    }
    stay_so_for(PRUNE_AFTER * 3 / 2);
    world.server.restart().unwrap();
    all_done(&world, fleet);
}

#[test]
fn a_server_that_stands_still_for_a_while() {
    let mut world = world(Store::Redis);
    let fleet = fleet(&world);
    world.enqueue(0..JOBS, |number| match number {
        0..8 => 2 * milliseconds(PRUNE_AFTER),
        _ => 1 + number % 5,
    });
    under_way(&world, 300);
    // (A Postgres is many processes, of which this would stop but the first.)
    let Server::Redis(server) = &mut world.server else {
        panic!("a Redis was asked for");
    };
    server.pause().unwrap();
    stay_so_for(PRUNE_AFTER * 3 / 2);
    server.resume().unwrap();
    all_done(&world, fleet);
}

fn world(store: Store) -> World {
    let mut world = World::new(store);
    world.prune_after = PRUNE_AFTER;
    world
}

fn fleet(world: &World) -> [Process; 2] {
    [(); 2].map(|()| Process::start(world, "work", 8))
}

fn under_way(world: &World, jobs: usize) {
    let mut books = world.books();
    world.until("jobs are under way", |_| {
        books.read_on().started.len() >= jobs
    });
}

/// Lets time pass, for what other processes make of it.
fn stay_so_for(time: Duration) {
    assert_eq!(poll_until(time, || None::<()>), None);
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

/// Every job is done, once, and none has failed.
fn all_done(world: &World, fleet: [Process; 2]) {
    world.until("all jobs are performed", |world| {
        let info = world.client.info();
        info.is_ok_and(|info| info.processed + info.failed >= JOBS && info.working == 0)
    });
    for worker in fleet {
        worker.quit();
    }
    let books = world.books();
    books.assert_none_started_twice();
    assert_eq!(world.failures(), []);
    assert_eq!((world.processed(), books.ended.len() as u64), (JOBS, JOBS));
    assert_eq!(world.keys(), ["queues", "stat:processed"]);
}
