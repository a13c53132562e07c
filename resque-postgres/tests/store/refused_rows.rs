//! Some rows that the server does not take, and all the others that it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resque_core::worker::{StopReport, WorkerHandle};
use resque_core::{
    Backend, Enqueue, FailureRecord, JobError, LoanReceipt, LoanRequest, LoanSettlement, Outcome,
    Payload, Result, Settled, Settlement, Tally, Worker,
};
use resque_testserver::Postgres;
use tokio::task::JoinHandle;

use crate::little_room::LittleRoom;
use crate::support::{World, given, job};

/// A trigger of the owner's, by which no failure is taken that says so.
const REFUSE: &str = "create function resque.refuse() returns trigger language plpgsql as $$
    begin
        if new.error like '%refuse me%' then
            raise exception 'the owner does not want it';
        end if;
        return new;
    end $$;
    create trigger refuse before insert on resque.failures
        for each row execute function resque.refuse()";

/// Nothing takes as long as this; what does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_settlement_that_is_refused_hinders_no_other() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    raw.run(REFUSE).await;
    let mut slots = Vec::new();
    for number in 0..6 {
        slots.push(world.register(number).await);
    }
    world.push("q", &["0", "1", "2", "3", "4"]).await;
    let taken = world.exchange(&[], &slots[..5], "q").await;
    assert_eq!(given(&taken), ["0", "1", "2", "3", "4"]);
    let receipts: Vec<_> = taken.reserved.into_iter().map(|job| job.receipt).collect();
    let record = |error| FailureRecord::new(world.now, Payload::from("{}"), "E", error);
    let [a, b, c, d, e] = &receipts[..] else {
        panic!("{receipts:?}");
    };
    let done = [
        Settlement::failed(a.clone(), record("refuse me")),
        Settlement::done(b.clone()),
        Settlement::failed(c.clone(), record("take me")),
        Settlement::failed(d.clone(), record("refuse me too")),
        Settlement::retry_at(e.clone(), Payload::from("later"), world.now),
    ];
    world.push("q", &["5", "6", "7", "8"]).await;
    let next = world.exchange(&done, &slots, "q").await;
    assert!(
        matches!(
            &next.settled[..],
            [
                Settled::Trouble(first),
                Settled::Applied,
                Settled::Applied,
                Settled::Trouble(_),
                Settled::Applied,
            ] if first.to_string().contains("the owner does not want it")
        ),
        "{:?}",
        next.settled
    );
    // Whose job is settled has another one, in the order in which slots were named; the others hold
    // theirs.
    let mut got: Vec<_> = next.reserved.iter().map(|job| &job.worker).collect();
    assert_eq!(got, [&slots[1], &slots[2], &slots[4], &slots[5]]);
    assert!(next.reserved.iter().all(|job| !job.redelivered));
    let mut jobs = given(&next);
    jobs.sort_unstable();
    assert_eq!(jobs, ["5", "6", "7", "8"]);
    got.clear();
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 1);
    assert_eq!(world.backend.workers().stat("processed").await.unwrap(), 3);

    // What was refused is still held and can be settled once it is wanted.
    raw.run("drop trigger refuse on resque.failures").await;
    let again = [done[0].clone(), done[3].clone()];
    let settled = world.exchange(&again, &[], "q").await.settled;
    assert!(
        matches!(settled[..], [Settled::Applied, Settled::Applied]),
        "{settled:?}"
    );
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 3);
}

#[tokio::test]
async fn one_that_is_refused_does_not_keep_other_slots_from_work() {
    let world = World::new().await;
    world.raw().await.run(REFUSE).await;
    let (one, two) = (world.register(0).await, world.register(1).await);
    world.push("q", &["a", "b"]).await;
    let taken = world.exchange(&[], std::slice::from_ref(&one), "q").await;
    let receipt = taken.reserved[0].receipt.clone();
    let record = FailureRecord::new(world.now, Payload::from("{}"), "E", "refuse me");
    let failed = [Settlement::failed(receipt, record)];
    let next = world.exchange(&failed, &[one, two.clone()], "q").await;
    assert!(
        matches!(next.settled[..], [Settled::Trouble(_)]),
        "{:?}",
        next.settled
    );
    assert_eq!(given(&next), ["b"]);
    assert_eq!(next.reserved[0].worker, two);
}

#[tokio::test]
async fn what_is_refused_to_all_is_refused_as_a_whole() {
    let world = World::new().await;
    world.push("q", &["a", "b"]).await;
    let slots = [world.register(0).await, world.register(1).await];
    let taken = world.exchange(&[], &slots, "q").await;
    let mut raw = world.raw().await;
    let refuse = "create function resque.refuse() returns trigger language plpgsql as
        $$ begin raise exception 'nothing goes'; end $$;
        create trigger refuse before update on resque.workers
        for each row execute function resque.refuse()";
    raw.run(refuse).await;
    let receipts = taken.reserved.into_iter().map(|job| job.receipt);
    let mut done: Vec<_> = receipts.map(Settlement::done).collect();
    let record = FailureRecord::new(world.now, Payload::from("{}"), "E", "e");
    done[1] = Settlement::failed(done[1].receipt.clone(), record);
    let (queues, from) = (world.backend.queues(), "q".parse().unwrap());
    let error = queues.exchange(&done, &[], &from, world.now).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("nothing goes"), "{error}");
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 0);
}

/// Lends all jobs that wait in `q`.
async fn lend(world: &World) -> Vec<LoanReceipt> {
    let loans = world.backend.queues().loans().expect("loans");
    let from = "q".parse().expect("a list");
    let request = LoanRequest::new(&from, 9, world.now + PATIENCE);
    let lent = loans.lend(&request, world.now).await.expect("loans");
    lent.loans.into_iter().map(|loan| loan.receipt).collect()
}

#[tokio::test]
async fn a_settlement_of_a_loan_that_is_refused_hinders_no_other() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    raw.run(REFUSE).await;
    world.push("q", &["0", "1", "2", "3", "4", "5"]).await;
    let receipts = lend(&world).await;
    let [a, b, c, d, e, f] = &receipts[..] else {
        panic!("{receipts:?}");
    };
    let failed = |receipt: &LoanReceipt, error| {
        let record = FailureRecord::new(world.now, Payload::from("{}"), "E", error);
        let outcome = Outcome::Failed(Box::new(record));
        LoanSettlement::new(receipt.clone(), outcome, Tally::ProcessedAndFailed)
    };
    let done = [
        LoanSettlement::release(a.clone()),
        failed(b, "refuse me"),
        LoanSettlement::done(c.clone()),
        failed(d, "take me"),
        failed(e, "refuse me too"),
        LoanSettlement::release(f.clone()),
    ];
    let loans = world.backend.queues().loans().unwrap();
    let settled = loans.settle(&done, world.now).await.unwrap();
    assert!(
        matches!(
            &settled[..],
            [
                Settled::Applied,
                Settled::Trouble(first),
                Settled::Applied,
                Settled::Applied,
                Settled::Trouble(_),
                Settled::Applied,
            ] if first.to_string().contains("the owner does not want it")
        ),
        "{settled:?}"
    );
    assert_eq!(world.waiting("q").await, ["0", "5"]);
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 1);
    assert_eq!(world.backend.workers().stat("processed").await.unwrap(), 2);

    // What was refused is still lent and can be settled once it is wanted.
    assert_eq!(loans.count().await.unwrap(), 2);
    raw.run("drop trigger refuse on resque.failures").await;
    let again = [done[1].clone(), done[4].clone()];
    let settled = loans.settle(&again, world.now).await.unwrap();
    assert!(
        matches!(settled[..], [Settled::Applied, Settled::Applied]),
        "{settled:?}"
    );
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 3);
}

#[tokio::test]
async fn released_loans_that_are_put_back_one_by_one_keep_their_order() {
    let world = World::new().await;
    // Refuses more than one at once, and one always.
    let refuse = "create function resque.refuse() returns trigger language plpgsql as $$
        begin
            if (select count(*) > 1 or bool_or(payload = '2') from added) then
                raise exception 'the owner does not want it';
            end if;
            return null;
        end $$;
        create trigger refuse after insert on resque.jobs
            referencing new table as added for each statement execute function resque.refuse()";
    world.push("q", &["0", "1", "2", "3"]).await;
    let receipts = lend(&world).await;
    world.raw().await.run(refuse).await;
    let done: Vec<_> = receipts.into_iter().map(LoanSettlement::release).collect();
    let loans = world.backend.queues().loans().unwrap();
    let settled = loans.settle(&done, world.now).await.unwrap();
    let [
        Settled::Applied,
        Settled::Applied,
        Settled::Trouble(_),
        Settled::Applied,
    ] = settled[..]
    else {
        panic!("{settled:?}");
    };
    assert_eq!(world.waiting("q").await, ["0", "1", "3"]);
}

/// A worker at work on jobs that fail and jobs that do not.
struct Crew {
    fine: Arc<AtomicUsize>,
    handle: WorkerHandle,
    running: JoinHandle<Result<StopReport>>,
}

impl Crew {
    fn start(backend: &Backend, slots: usize) -> Self {
        let fine = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&fine);
        let worker = Worker::builder(backend.clone())
            .queues("q")
            .concurrency(slots)
            .register_fn("Broken", |(error,): (String,), _| async move {
                Err::<(), _>(JobError::new("Broken", error))
            })
            .register_fn("Fine", move |(): (), _| {
                counted.fetch_add(1, Ordering::Relaxed);
                async { Ok(()) }
            });
        let worker = worker.build().expect("a worker");
        let handle = worker.handle();
        Self {
            fine,
            handle,
            running: tokio::spawn(worker.run()),
        }
    }

    async fn ends(self) -> StopReport {
        self.handle.quit();
        let ended = self.running.await.expect("not to panic");
        ended.expect("a report")
    }
}

/// Waits until the store says something.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it never came to that");
}

fn broken(error: &str) -> Enqueue {
    job("q", &format!(r#"{{"class":"Broken","args":["{error}"]}}"#))
}

fn fine() -> Enqueue {
    job("q", r#"{"class":"Fine","args":[]}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_with_what_is_not_refused() {
    const FINE: usize = 200;
    let world = World::new().await;
    let mut raw = world.raw().await;
    raw.run(REFUSE).await;
    let mut jobs = vec![broken("refuse me")];
    jobs.resize_with(1 + FINE, fine);
    world.backend.queues().push(&jobs).await.unwrap();
    let crew = Crew::start(&world.backend, 4);
    let workers = world.backend.workers();
    let all = i64::try_from(FINE).unwrap();
    until(async || workers.stat("processed").await.unwrap() == all).await;
    assert_eq!(crew.fine.load(Ordering::Relaxed), FINE);
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 0);
    let held = "select count(*) from resque.workers where payload like '%refuse me%'::bytea";
    assert_eq!(raw.number(held).await, 1, "it is still held");
    raw.run("drop trigger refuse on resque.failures").await;
    let failures = world.backend.failures();
    until(async || failures.count(None).await.unwrap() == 1).await;
    let report = crew.ends().await;
    assert_eq!((report.processed, report.failed), (FINE as u64 + 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_while_there_is_no_room_for_failures() {
    const EACH: usize = 8;
    let server = Postgres::new().on_this_machine().start().unwrap();
    let world = World::on(server.url()).await;
    let mut raw = world.raw().await;
    let room = LittleRoom::on(&mut raw, "resque.failures", 3).await;
    // What does not get smaller.
    let noise = || {
        (0..250_000)
            .map(|_| fastrand::alphanumeric())
            .collect::<String>()
    };
    let mut jobs: Vec<_> = (0..EACH).map(|_| broken(&noise())).collect();
    jobs.resize_with(2 * EACH, fine);
    world.backend.queues().push(&jobs).await.unwrap();
    let crew = Crew::start(&world.backend, 2 * EACH);
    let failures = world.backend.failures();
    // All are performed, and settled if they are fine or there was room; the others are held.
    // (In quotes, which the noise of the others has not.)
    let others = "select count(*) from resque.workers
        where number is not null and position('\"Fine\"'::bytea in payload) > 0";
    until(async || crew.fine.load(Ordering::Relaxed) == EACH).await;
    until(async || raw.number(others).await == 0).await;
    let recorded = failures.count(None).await.unwrap();
    assert!(recorded < EACH as u64, "there was room for all {recorded}");
    room.ends(&mut raw).await;
    until(async || failures.count(None).await.unwrap() == EACH as u64).await;
    let report = crew.ends().await;
    let each = EACH as u64;
    assert_eq!((report.processed, report.failed), (2 * each, each));
}
