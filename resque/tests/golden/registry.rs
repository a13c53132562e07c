//! Workers: at work, listed, removed, found dead.

use std::sync::Arc;
use std::time::Duration;

use redis::AsyncCommands;
use resque::wire::time::TimeFormat;
use resque::worker::Event;
use resque::{
    FailureRecord, Handlers, JobFailure, Left, ManualClock, QueueList, Settled, Settlement,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::harness::{Golden, now};

/// The job of the planted workers.
const JOB: &str = r#"{"class":"Archive","args":[44,"x"]}"#;

/// A worker of another program, written past ours.
#[derive(Clone, Copy, Debug)]
struct Foreign<'a> {
    id: &'a str,
    /// How many seconds ago it beat.
    beat: Option<u64>,
    job: Option<&'a str>,
    /// Whether it is on the registry, with its start and counters.
    registered: bool,
    /// Whether it is one of Perl's: another format of time, and no counters before its first job.
    perl: bool,
}

impl<'a> Foreign<'a> {
    fn new(id: &'a str) -> Self {
        Self {
            id,
            beat: None,
            job: None,
            registered: true,
            perl: false,
        }
    }

    fn beat(self, ago: u64) -> Self {
        let beat = Some(ago);
        Self { beat, ..self }
    }

    fn at_work(self) -> Self {
        let job = Some(JOB);
        Self { job, ..self }
    }

    async fn plant(self, golden: &mut Golden) {
        let Self { id, .. } = self;
        let mut pipe = redis::pipe();
        if self.registered {
            pipe.sadd("resque:workers", id);
            let zone = if self.perl { "UTC" } else { "+0000" };
            let started = format!("2026-11-20 23:00:25 {zone}");
            pipe.set(format!("resque:worker:{id}:started"), started);
        }
        if self.registered && !self.perl {
            pipe.set(format!("resque:stat:processed:{id}"), 7);
            pipe.set(format!("resque:stat:failed:{id}"), 2);
        }
        if let Some(job) = self.job {
            let queue = id.rsplit(':').next().unwrap().split(',').next().unwrap();
            let run_at = "2026-11-20T23:00:25Z";
            let note = format!(r#"{{"queue":"{queue}","run_at":"{run_at}","payload":{job}}}"#);
            pipe.set(format!("resque:worker:{id}"), note);
        }
        if let Some(ago) = self.beat {
            let time = TimeFormat::Heartbeat.text(now() - Duration::from_secs(ago));
            pipe.hset("resque:workers:heartbeat", id, time);
        }
        pipe.query_async::<()>(&mut golden.raw).await.unwrap();
    }
}

/// Takes the only job of a queue, as the recorded worker, and keeps it.
async fn hold(golden: &Golden, payload: &'static str, queue: &str) {
    golden.client.push(queue, payload).await.unwrap();
    assert_eq!(golden.reserve(queue).await, 1);
}

#[tokio::test]
async fn at_work() {
    for name in ["09_working_on_snapshot", "tz_madrid_09_working_on_snapshot"] {
        let mut golden = Golden::open(name).await;
        hold(&golden, r#"{"class":"Slow","args":[1.5]}"#, "file_serve").await;
        golden.check_mid().await;
    }
}

/// A worker that is killed leaves everything as it was.
#[tokio::test]
async fn killed_at_work() {
    let golden = Golden::open("23f_worker_killed").await;
    hold(&golden, r#"{"class":"Slow","args":[0.8]}"#, "file_serve").await;
    golden.check().await;
}

#[tokio::test]
async fn perls_at_work_and_removed() {
    let mut golden = Golden::open("perl_07_snapshot").await;
    hold(&golden, r#"{"class":"Archive","args":[1]}"#, "q").await;
    golden.check_mid().await;
    let id = golden.worker("q");
    assert!(golden.client.remove_worker(id.as_str()).await.unwrap());
    golden.check().await;
}

#[tokio::test]
async fn listed() {
    let mut golden = Golden::open("25_worker_helpers").await;
    let (busy, idle) = ("anyhost:77:file_serve,low", "anyhost:78:*");
    Foreign::new(busy)
        .at_work()
        .beat(0)
        .plant(&mut golden)
        .await;
    Foreign::new(idle).plant(&mut golden).await;
    let ids = |workers: Vec<resque::WorkerStatus>| -> Value {
        workers.iter().map(|worker| worker.id.as_str()).collect()
    };
    let client = &golden.client;
    assert_eq!(ids(client.workers().await.unwrap()), golden.note("all"));
    assert_eq!(ids(client.working().await.unwrap()), json!([busy]));
    let found = client.worker(busy).await.unwrap().unwrap();
    assert_eq!(json!(found.processed), golden.note("processed"));
    assert_eq!(json!(found.holds.unwrap().queue), golden.note("find")[0]);
    assert!(client.worker("nobody:1:q").await.unwrap().is_none());
    golden.check().await;
}

#[tokio::test]
async fn removed() {
    for (name, worker) in [
        (
            "19_unregister_with_job",
            Foreign::new("anyhost:77:file_serve").at_work(),
        ),
        ("19b_unregister_idle", Foreign::new("anyhost:77:file_serve")),
    ] {
        let mut golden = Golden::open(name).await;
        worker.plant(&mut golden).await;
        assert!(golden.client.remove_worker(worker.id).await.unwrap());
        golden.check().await;
    }
}

/// Ruby and Perl guess from the process list that a worker is dead. We never guess: a worker that
/// does not beat is shown as suspect, and a person removes it.
#[tokio::test]
async fn suspects_are_removed_by_hand() {
    let perl = |id| Foreign {
        perl: true,
        ..Foreign::new(id)
    };
    let c = Some(r#"{"class":"C","args":[1]}"#);
    for (name, gone, stay) in [
        (
            "18c_prune_same_host_pid",
            Foreign::new("<HOST>:<PID2>:file_serve").at_work(),
            vec![
                Foreign::new("elsewhere:999997:file_serve"),
                Foreign::new("<HOST>:<PID3>:otherqueue"),
            ],
        ),
        (
            "perl_11_prune",
            Foreign {
                job: c,
                ..perl("<HOST>:<PID1>:other")
            },
            vec![perl("elsewhere:1:q")],
        ),
    ] {
        let mut golden = Golden::open(name).await;
        gone.plant(&mut golden).await;
        for worker in stay {
            worker.plant(&mut golden).await;
        }
        let suspects = golden.client.suspects().await.unwrap();
        assert!(suspects.iter().any(|worker| worker.id.as_str() == gone.id));
        assert!(golden.client.remove_worker(gone.id).await.unwrap());
        golden.check().await;
    }
}

/// Lets a worker's janitor look for as long as it takes to find one dead worker.
async fn prune(golden: &Golden, queues: &str, handlers: Handlers) {
    /// The parts of a worker that sleep while it is idle.
    const SLEEPERS: usize = 4;
    let clock = ManualClock::at(now());
    let (told, mut heard) = mpsc::unbounded_channel();
    let builder = golden.builder(queues, handlers);
    let builder = builder
        .clock(Arc::new(clock.clone()))
        .on_event(move |event| {
            if let Event::Pruned { worker } = event {
                told.send(worker.clone()).unwrap();
            }
        });
    let worker = builder.build().unwrap();
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    // It has to have looked for half the time after which a foreign worker is dead.
    for _ in 0..160 {
        let quiet = tokio::time::timeout(Duration::from_secs(30), clock.parked(SLEEPERS));
        assert!(quiet.await.is_ok(), "only {} sleep", clock.sleeping());
        clock.advance(Duration::from_secs(1));
    }
    heard.recv().await.unwrap();
    handle.quit();
    run.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_dead_are_found() {
    let dead = Foreign::new("deadhost:999:file_serve").beat(400);
    let gone = r#"{"class":"Gone::Klass","args":[]}"#;
    for (name, dead) in [
        ("18_prune_expired_heartbeat_with_job", dead.at_work()),
        (
            "18b_prune_expired_heartbeat_idle",
            Foreign {
                registered: false,
                ..dead
            },
        ),
        (
            "18e_prune_unknown_class",
            Foreign {
                job: Some(gone),
                ..dead
            },
        ),
    ] {
        let mut golden = Golden::open(name).await;
        dead.plant(&mut golden).await;
        if name == "18_prune_expired_heartbeat_with_job" {
            let living = Foreign::new("livehost:998:file_serve").beat(10);
            living.plant(&mut golden).await;
        }
        prune(&golden, "file_serve", Handlers::new()).await;
        golden.check().await;
    }
}

#[tokio::test]
async fn nobody_is_recovered_while_ruby_prunes() {
    let mut golden = Golden::open("18d_prune_lock_held").await;
    let dead = Foreign::new("deadhost:999:file_serve").at_work().beat(400);
    dead.plant(&mut golden).await;
    let lock = "resque:pruning_dead_workers_in_progress";
    golden
        .raw
        .set_ex::<_, _, ()>(lock, "someone:1:q", 60)
        .await
        .unwrap();
    let (workers, queues) = (golden.backend.workers(), golden.backend.queues());
    let found = workers.dead(now()).await.unwrap().remove(0);
    let held = found.holds.clone().unwrap();
    let failure = JobFailure::dirty_exit();
    let record = FailureRecord::new(now(), held.payload, failure.exception, failure.error);
    let recovery = [Settlement::recovered(held.receipt, record)];
    let from = QueueList::all();
    let answer = queues.exchange(&recovery, &[], &from, now()).await.unwrap();
    assert!(matches!(answer.settled[..], [Settled::Lost]));
    let left = workers.unregister(&[found.leaving()]).await.unwrap();
    assert!(matches!(left[..], [Left::Alive]), "{left:?}");
    golden.check().await;
}

/// An id that is none makes Ruby's workers and pages fail. Ours list it apart and go on.
#[tokio::test]
async fn an_id_that_is_none() {
    let mut golden = Golden::open("30_malformed_worker_ids").await;
    let workers = "resque:workers";
    golden
        .raw
        .sadd::<_, _, ()>(workers, "host:queue")
        .await
        .unwrap();
    golden.work("file_serve", Handlers::new()).await;
    golden.check().await;
}

/// Exactly as long ago as the limit is not dead yet.
#[tokio::test]
async fn the_limit_itself_is_alive() {
    let mut golden = Golden::open("18f_prune_boundary").await;
    let start = now();
    for (id, ago) in [("h299:1:q", 299), ("h300:1:q", 300), ("h301:1:q", 301)] {
        Foreign::new(id).plant(&mut golden).await;
        let time = TimeFormat::Heartbeat.text(start - Duration::from_secs(ago));
        let beats = "resque:workers:heartbeat";
        golden
            .raw
            .hset::<_, _, _, ()>(beats, id, time)
            .await
            .unwrap();
    }
    let whole = start
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        - 300;
    let limit = std::time::UNIX_EPOCH + Duration::from_secs(whole);
    let workers = golden.backend.workers();
    for dead in workers.dead(limit).await.unwrap() {
        workers.unregister(&[dead.leaving()]).await.unwrap();
    }
    golden.check().await;
}
