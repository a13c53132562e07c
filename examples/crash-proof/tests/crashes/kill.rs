//! Workers that are killed in the middle of their jobs, again and again: what becomes of each job.

use std::collections::HashSet;

use resque::FailureRecord;

use crate::world::{Books, Process, Store, World};

const JOBS: u64 = 10_000;
const PROCESSES: usize = 3;
const SLOTS: usize = 8;

#[test]
fn fifty_kills_while_ten_thousand_jobs_run() {
    kill(&World::new(Store::Redis), 50);
}

#[test]
fn fifty_kills_while_ten_thousand_jobs_run_on_postgres() {
    kill(&World::new(Store::Postgres), 50);
}

#[cfg(feature = "fred")]
#[test]
fn twenty_kills_of_workers_on_the_other_driver() {
    kill(&World::new(Store::Fred), 20);
}

fn kill(world: &World, kills: usize) {
    world.enqueue(0..JOBS, milliseconds);
    let start = || Process::launch(world, "*", SLOTS);
    let mut fleet: Vec<Process> = (0..PROCESSES).map(|_| start()).collect();
    let mut everyone: HashSet<u32> = fleet.iter().map(Process::id).collect();

    let mut books = world.books();
    let mut jobs = JOBS;
    let mut hits = 0;
    let step = usize::try_from(JOBS).unwrap() * 3 / 4 / kills;
    for round in 1.. {
        world.until("another share of the jobs starts", |_| {
            books.read_on().started.len() >= step * round
        });
        let is_hit = busiest(&books, &fleet).is_some_and(|victim| {
            let id = fleet[victim].id();
            fleet.remove(victim).kill();
            // It counts only if it hit in mid-job.
            books.read_on().in_hand().contains_key(&id)
        });
        hits += usize::from(is_hit);
        if hits == kills {
            break;
        }
        if !is_hit {
            // Another share for the next try, so that the jobs do not run out before the kills.
            let more = jobs + step as u64;
            world.enqueue(jobs..more, milliseconds);
            jobs = more;
        }
        if fleet.len() < PROCESSES {
            fleet.push(start());
            everyone.insert(fleet[PROCESSES - 1].id());
        }
    }
    fleet.push(start());
    everyone.insert(fleet[PROCESSES - 1].id());

    settle(world, jobs);
    for process in fleet {
        process.quit();
    }
    check(world, &everyone, hits, jobs);
}

/// How long a job takes.
fn milliseconds(number: u64) -> u64 {
    1 + number % 5
}

/// The process with the most jobs in hand, if any has one.
fn busiest(books: &Books, fleet: &[Process]) -> Option<usize> {
    let in_hand = books.in_hand();
    let jobs = |index: &usize| in_hand.get(&fleet[*index].id()).copied().unwrap_or(0);
    (0..fleet.len())
        .filter(|index| jobs(index) > 0)
        .max_by_key(jobs)
}

/// Waits until the queue is empty and every dead worker has been found.
fn settle(world: &World, jobs: u64) {
    world.until("all jobs are accounted for", |world| {
        let info = world.client.info().unwrap();
        info.pending == 0 && info.processed + info.failed >= jobs && info.working == 0
    });
    world.until("the dead have left the registry", |world| {
        world.workers().len() == PROCESSES * SLOTS
    });
}

/// Checks the fate of each job.
fn check(world: &World, everyone: &HashSet<u32>, hits: usize, jobs: u64) {
    let books = world.books();
    books.assert_none_started_twice();
    let failures = world.failures();
    let failed: HashSet<u64> = failures.iter().map(number).collect();
    eprintln!("{hits} hits, {} jobs recorded as failed", failures.len());
    assert_eq!(failed.len(), failures.len(), "jobs recorded twice");
    assert!(failed.len() >= hits, "{hits} hits, {} failed", failed.len());
    for failure in &failures {
        check_record(failure, everyone);
    }

    let started: HashSet<u64> = books.started.iter().map(|(number, _)| *number).collect();
    for number in 0..jobs {
        // Who did not come to its end is recorded; who is not recorded came to its end.
        let ended = started.contains(&number) && books.ended.contains(&number);
        assert!(ended || failed.contains(&number), "job {number} is lost");
    }
    assert_eq!(
        world.processed() + failures.len() as u64,
        jobs,
        "each job has one fate"
    );
    // No note, no heartbeat, no counter of a worker is left.
    assert_eq!(
        world.keys(),
        ["failed", "queues", "stat:processed"],
        "what is left in the store"
    );
}

/// The number of the job of a record.
fn number(failure: &FailureRecord) -> u64 {
    let payload: serde_json::Value = serde_json::from_slice(failure.payload.as_bytes()).unwrap();
    payload["args"][0].as_u64().unwrap()
}

/// A record says what Resque says, and its payload is the job byte for byte.
fn check_record(failure: &FailureRecord, everyone: &HashSet<u32>) {
    let number = number(failure);
    let payload = format!(
        r#"{{"class":"Work","args":[{number},{}]}}"#,
        milliseconds(number)
    );
    assert_eq!(failure.payload.to_text_lossy(), payload);
    assert_eq!(failure.exception, "Resque::PruneDeadWorkerDirtyExit");
    let error = format!(
        "Worker {} did not gracefully exit while processing Work",
        failure.worker
    );
    assert_eq!(failure.error, error);
    assert_eq!(failure.queue, "work");
    assert_eq!(
        (&failure.backtrace[..], failure.retried_at),
        (&[][..], None)
    );
    let id: resque::WorkerId = failure.worker.parse().unwrap();
    let process = id.pid().split('-').next().unwrap().parse().unwrap();
    assert!(everyone.contains(&process), "{id} is nobody of ours");
}

#[test]
fn a_janitor_that_is_killed_in_the_middle_of_its_round() {
    kill_a_janitor(&World::new(Store::Redis));
}

#[test]
fn a_janitor_that_is_killed_in_the_middle_of_its_round_on_postgres() {
    kill_a_janitor(&World::new(Store::Postgres));
}

/// Many hold jobs when their process dies, and the process that has recorded the jobs dies before
/// it can take the dead off the registry.
fn kill_a_janitor(world: &World) {
    // What the janitor says of so many is more than the pipe to it holds.
    const HELD: usize = 2_000;
    let held = u64::try_from(HELD).unwrap();
    world.enqueue(0..held, |_| 600_000);
    let holder = Process::launch(world, "work", HELD);
    world.until("all jobs start", |world| {
        world.books().started.len() == HELD
    });
    holder.kill();

    // It records all jobs, begins to tell, and halts because nobody listens.
    let janitor = Process::launch_unread(world, "other", 1);
    world.until("the jobs are recorded", |world| {
        world.client.info().unwrap().failed == held
    });
    assert!(world.workers().len() >= HELD, "the dead have left already");
    janitor.kill();

    // The next one finds nobody who holds anything, and only tidies up.
    let next = Process::start(world, "other", 1);
    world.until("all the dead have left", |world| world.workers().len() == 1);
    next.quit();
    let failures = world.failures();
    let failed: HashSet<u64> = failures.iter().map(number).collect();
    assert_eq!((failures.len(), failed.len()), (HELD, HELD));
    assert_eq!(world.processed(), 0);
    assert_eq!(world.keys(), ["failed", "queues"]);
}
