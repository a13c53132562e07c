//! A worker beside foreign ones that have died, or may have.

use std::sync::Arc;
use std::time::Duration;

use resque_core::worker::{Event, Worker};
use resque_core::{Client, ManualClock, RetryPolicy};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::support::World;

/// As a Perl worker that was killed leaves it; Perl's send no heartbeat.
const SILENT: &str = "perl1:4711:mail";
const PAYLOAD: &str = r#"{"args":[1],"class":"Archive"}"#;

/// Puts a foreign worker with a job on the registry, with a heartbeat of long ago or without any.
async fn leave(world: &World, id: &str, beat: Option<&str>) {
    let raw = &world.raw;
    let note =
        format!(r#"{{"queue":"mail","run_at":"2020/01/01 00:00:00 UTC","payload":{PAYLOAD}}}"#);
    raw.on("SADD", "workers", &[id.as_bytes()]).await;
    raw.on("SET", &format!("worker:{id}"), &[note.as_bytes()])
        .await;
    let started = format!("worker:{id}:started");
    raw.on("SET", &started, &[b"2020-01-01 00:00:00 UTC"]).await;
    if let Some(beat) = beat {
        let entry = [id.as_bytes(), beat.as_bytes()];
        raw.on("HSET", "workers:heartbeat", &entry).await;
    }
}

/// Lets time flow while every part of the worker sleeps: its heartbeat, its janitor, its promoter
/// and its idle pool.
fn flow(clock: &ManualClock) -> JoinHandle<()> {
    let clock = clock.clone();
    tokio::spawn(async move {
        loop {
            clock.parked(4).await;
            clock.advance(Duration::from_secs(1));
        }
    })
}

async fn pruned(events: &mut mpsc::UnboundedReceiver<Event>) -> String {
    let found = async {
        loop {
            if let Event::Pruned { worker } = events.recv().await.unwrap() {
                return worker.to_string();
            }
        }
    };
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, found).await.unwrap()
}

#[tokio::test]
async fn who_never_beat_is_suspect_and_goes_by_hand_only() {
    let world = World::new().await;
    leave(&world, SILENT, None).await;
    leave(&world, "ruby1:1:mail", Some("2020-01-01T00:00:00+00:00")).await;

    let clock = ManualClock::new();
    let (told, mut events) = mpsc::unbounded_channel();
    let worker = Worker::builder(world.backend.clone())
        .queues("other")
        .concurrency(1)
        .clock(Arc::new(clock.clone()))
        .register_fn("Archive", |_: (u32,), _| async { Ok(()) })
        .on_event(move |event| drop(told.send(event.clone())))
        .build()
        .unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    let flow = flow(&clock);

    // Two janitor rounds that judge look at the silent one as well.
    assert_eq!(pruned(&mut events).await, "ruby1:1:mail");
    leave(&world, "ruby1:2:mail", Some("2020-01-01T00:00:00+00:00")).await;
    assert_eq!(pruned(&mut events).await, "ruby1:2:mail");

    let client = Client::new(world.backend.clone());
    let suspects = client.suspects().await.unwrap();
    let ids: Vec<_> = suspects.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, [SILENT]);
    assert!(world.raw.exists(&format!("worker:{SILENT}")).await);
    assert_eq!(world.raw.list("failed").await.len(), 2);

    assert!(client.remove_worker(SILENT).await.unwrap());
    assert_eq!(client.suspects().await.unwrap(), []);
    let failed = world.raw.list("failed").await;
    assert_eq!(failed.len(), 3);
    assert!(
        failed[2].contains(r#""exception":"Resque::DirtyExit""#),
        "{}",
        failed[2]
    );
    assert!(
        failed[2].contains(PAYLOAD) && failed[2].contains(SILENT),
        "{}",
        failed[2]
    );
    for left in [
        format!("worker:{SILENT}"),
        format!("worker:{SILENT}:started"),
    ] {
        assert!(!world.raw.exists(&left).await, "{left}");
    }

    handle.quit();
    running.await.unwrap().unwrap();
    flow.abort();
    assert!(world.raw.members("workers").await.is_empty());
}

#[tokio::test]
async fn the_job_of_a_dead_ruby_worker_is_tried_again_by_the_policy_of_its_class() {
    let world = World::new().await;
    leave(&world, "ruby1:1:mail", Some("2020-01-01T00:00:00+00:00")).await;

    let clock = ManualClock::new();
    let (told, mut events) = mpsc::unbounded_channel();
    let tomorrow = RetryPolicy::fixed(Duration::from_secs(86_400));
    let worker = Worker::builder(world.backend.clone())
        .queues("other")
        .concurrency(1)
        .clock(Arc::new(clock.clone()))
        .register_fn("Archive", |_: (u32,), _| async { Ok(()) })
        .retry(tomorrow)
        .on_event(move |event| drop(told.send(event.clone())))
        .build()
        .unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    let flow = flow(&clock);
    assert_eq!(pruned(&mut events).await, "ruby1:1:mail");
    handle.quit();
    running.await.unwrap().unwrap();
    flow.abort();

    assert!(world.raw.list("failed").await.is_empty());
    let client = Client::new(world.backend.clone());
    let waiting = client.delayed().unwrap().find(|_| true).await.unwrap();
    let [job] = &waiting[..] else {
        panic!("not one job: {waiting:?}")
    };
    assert_eq!(job.queue.as_ref().unwrap().as_str(), "mail");
    let text = job.payload.to_text_lossy();
    let told = r#"{"args":[1],"class":"Archive","rs":{"attempts":1,"first_at":1577836800000,"#;
    assert!(text.starts_with(told), "{text}");
    assert!(
        text.contains(r#""host":"ruby1","pid":1,"heartbeat":1577836800000"#),
        "{text}"
    );
}
