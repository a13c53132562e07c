//! A move that is killed at every step, between stores in memory.

use std::time::{Duration, SystemTime};

use resque::{FailureRecord, NewJob, QueueList};

use super::queues::Mover;
use super::rest::{Delayed, Failed};
use super::*;

/// How many jobs there are: a few portions and a part of one.
const JOBS: u64 = 620;

/// Two stores.
async fn between(from: &str, to: &str) -> Stores {
    let (source, target) = (
        resque::connect(from).await.unwrap(),
        resque::connect(to).await.unwrap(),
    );
    Stores {
        from: Client::new(source.clone()),
        to: Client::new(target.clone()),
        source,
        target,
        out: Out::new(true),
        clock: Arc::new(resque::SystemClock::new()),
        interrupted: Arc::default(),
    }
}

/// Two stores in memory, one of them with jobs.
async fn stores(test: &str) -> Stores {
    let url = |side: &str| format!("memory:move-{test}-{side}");
    let stores = between(&url("from"), &url("to")).await;
    for number in 0..JOBS {
        let payload = format!("{{\"class\":\"A\",\"args\":[{number}]}}");
        stores
            .from
            .push("files", payload.into_bytes())
            .await
            .unwrap();
    }
    stores
}

fn files() -> QueueName {
    QueueName::new("files").unwrap()
}

/// All jobs are there, each once and in their order; nothing is left here or noted there.
async fn assert_all_moved(stores: &Stores) {
    let jobs = stores.to.peek("files", resque::Page::ALL).await.unwrap();
    let numbers = jobs.iter().map(|job| job.args::<(u64,)>().unwrap().0);
    assert_eq!(numbers.collect::<Vec<_>>(), (0..JOBS).collect::<Vec<_>>());
    assert_eq!(stores.from.size("files").await.unwrap(), 0);
    assert_eq!(stores.from.workers().await.unwrap(), []);
    assert_eq!(stores.to.delayed().unwrap().count().await.unwrap(), 0);
    let stats = stores.from.stats().unwrap();
    assert_eq!(stats.get("processed").await.unwrap(), 0);
    assert_eq!(stats.get("move:id").await.unwrap(), 0);
}

/// A move that dies after so many steps: it takes a portion, pushes it, takes the next one …
async fn die_after(stores: &Stores, steps: u64) {
    let from = QueueList::one(files());
    let mut mover = Mover::begin(stores).await.unwrap();
    let mut taken = Vec::new();
    for step in 0..steps {
        if step % 2 == 0 {
            taken = mover.take(&from).await.unwrap();
            continue;
        }
        taken.sort_by_key(|job| !job.redelivered);
        mover.push(&taken).await.unwrap();
        mover.arrive(std::mem::take(&mut taken));
    }
}

#[tokio::test]
async fn whenever_a_move_dies_each_job_is_moved_once_and_in_order() {
    for steps in 1..8 {
        let stores = stores(&format!("die-{steps}")).await;
        die_after(&stores, steps).await;
        // And once more, right at the beginning.
        die_after(&stores, 1).await;
        die_after(&stores, 2).await;
        let mut mover = Mover::begin(&stores).await.unwrap();
        mover.move_queue(&files()).await.unwrap();
        mover.end().await.unwrap();
        stores.forget().await.unwrap();
        assert_all_moved(&stores).await;
    }
}

#[tokio::test]
async fn an_earlier_start_leaves_the_field_to_a_later_one() {
    let stores = stores("field").await;
    let from = QueueList::one(files());
    let mut first = Mover::begin(&stores).await.unwrap();
    let jobs = first.take(&from).await.unwrap();
    let mut second = Mover::begin(&stores).await.unwrap();
    assert!(matches!(first.push(&jobs).await, Err(Failure::Undone(_))));
    second.move_queue(&files()).await.unwrap();
    second.end().await.unwrap();
    stores.forget().await.unwrap();
    assert_all_moved(&stores).await;
}

#[tokio::test]
async fn a_store_is_not_moved_into_itself() {
    let mut stores = stores("itself").await;
    assert!(stores.refuse_the_same().await.is_ok());
    stores.to = stores.from.clone();
    assert!(stores.refuse_the_same().await.is_err());
}

#[tokio::test]
async fn an_interrupted_move_goes_on() {
    let stores = stores("interrupted").await;
    stores.interrupted.store(true, Ordering::Relaxed);
    let mut mover = Mover::begin(&stores).await.unwrap();
    assert!(mover.move_queue(&files()).await.is_err());
    drop(mover);
    stores.interrupted.store(false, Ordering::Relaxed);
    let mut mover = Mover::begin(&stores).await.unwrap();
    mover.move_queue(&files()).await.unwrap();
    mover.end().await.unwrap();
    stores.forget().await.unwrap();
    assert_all_moved(&stores).await;
}

/// Two stores whose jobs of one second cannot be told apart.
async fn stores_of_equal_jobs(test: &str) -> Stores {
    let server = resque_testserver::shared_redis().expect("a Redis server");
    let url = |side: &str| {
        let run = resque_testserver::this_run();
        format!("{}?namespace=moving:{run}:{test}:{side}", server.url())
    };
    let stores = between(&url("from"), &url("to")).await;
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let job = || NewJob::raw("A", &(1,)).to("q").at(at);
    stores
        .from
        .submit_all((0..250).map(|_| job()))
        .await
        .unwrap();
    let record = || {
        let payload = br#"{"class":"A","args":[]}"#.as_slice();
        FailureRecord::new(at, payload.into(), "E", "e").on("h:1:q", "q")
    };
    let records: Vec<_> = (0..250).map(|_| record()).collect();
    stores.source.failures().record(&records).await.unwrap();
    stores
}

#[tokio::test]
async fn delayed_jobs_move_once_whenever_a_move_dies() {
    for removes in [false, true] {
        let stores = stores_of_equal_jobs(&format!("delayed-{removes}")).await;
        for _ in 0..2 {
            let mut moving = Delayed::begin(&stores, 7).await.unwrap().unwrap();
            let jobs = moving.portion().await.unwrap().unwrap();
            moving.write(&jobs).await.unwrap();
            if removes {
                // It dies before it forgets what it has written.
                let source = stores.from.delayed().unwrap();
                assert_eq!(source.cancel_all(&jobs).await.unwrap(), 100);
            }
        }
        let done = stores.move_delayed(7).await.unwrap();
        assert_eq!(done.left, 0);
        let there = stores.to.delayed().unwrap().count().await.unwrap();
        assert_eq!(there, 250, "{removes}");
    }
}

/// Between which two steps of a portion a move dies.
#[derive(Clone, Copy, Debug)]
enum Dies {
    BeforeItWrites,
    BeforeItRemoves,
    AfterIt,
}

#[tokio::test]
async fn failed_jobs_move_once_whenever_a_move_dies() {
    for dies in [Dies::BeforeItWrites, Dies::BeforeItRemoves, Dies::AfterIt] {
        let stores = stores_of_equal_jobs(&format!("failed-{dies:?}")).await;
        // The first portion arrives, so that those behind it have equals there.
        for dies in [Dies::AfterIt, dies, dies] {
            let mut moving = Failed::begin(&stores).await.unwrap();
            let (ids, records) = moving.portion().await.unwrap().unwrap();
            match dies {
                Dies::BeforeItWrites => moving.note(&records).await.unwrap(),
                Dies::BeforeItRemoves => moving.write(&records).await.unwrap(),
                Dies::AfterIt => {
                    moving.write(&records).await.unwrap();
                    moving.remove(&ids).await.unwrap();
                }
            }
        }
        let done = stores.move_failed().await.unwrap();
        assert_eq!(done.left, 0);
        let there = stores.target.failures().count(None).await.unwrap();
        assert_eq!(there, 250, "{dies:?}");
    }
}

#[tokio::test]
async fn failed_jobs_are_rather_doubled_than_lost_when_others_fail_there_meanwhile() {
    let stores = stores_of_equal_jobs("failed-meanwhile").await;
    let mut moving = Failed::begin(&stores).await.unwrap();
    let (ids, records) = moving.portion().await.unwrap().unwrap();
    moving.write(&records).await.unwrap();
    moving.remove(&ids).await.unwrap();
    let (_, records) = moving.portion().await.unwrap().unwrap();
    moving.note(&records).await.unwrap();
    // As many as the portion has, in another queue.
    let mut others = records;
    for other in &mut others {
        other.queue = "other".to_owned();
    }
    stores.target.failures().record(&others).await.unwrap();
    stores.move_failed().await.unwrap();
    let there = stores.target.failures().count(None).await.unwrap();
    assert_eq!(there, 350);
}

#[tokio::test]
async fn a_second_interrupt_waits_for_nothing() {
    let interrupts = Interrupts::default();
    interrupts.second.notify_one();
    let ended = interrupts.allow(std::future::pending()).await;
    assert!(ended.unwrap_err().to_string().contains("nothing is lost"));
    interrupts.allow(async { Ok(()) }).await.unwrap();
}
