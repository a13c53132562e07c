//! Registry and failures with entries that are none.

use std::sync::Arc;
use std::time::Duration;

use resque::worker::Event;
use resque::{Clock, FailureContent, ManualClock, SystemClock};

use crate::world::{HANGS, Running, World, bad};

/// The parts of a worker that sleep while it is idle.
const SLEEPERS: usize = 4;

#[tokio::test]
async fn ids_that_are_none_stop_nobody_and_are_listed_apart() {
    let mut world = World::new().await;
    let ids: [&[u8]; 6] = [
        b"host",
        b"host:1",
        b"host:1:",
        b"",
        b"\xff:1:q",
        b"host:queue",
    ];
    for id in ids {
        world.on_key::<()>("SADD", "workers", &[id]).await;
        let beats = "workers:heartbeat";
        world
            .on_key::<()>("HSET", beats, &[id, b"2020-01-01T00:00:00Z"])
            .await;
    }
    let mut worker = world.start().await;
    world.push_good(1).await;
    worker.performed([1]).await;
    let listing = world.backend.workers().workers().await.unwrap();
    assert_eq!(listing.workers.len(), 1, "the worker itself");
    for id in ids {
        assert!(
            listing.unreadable.iter().any(|listed| listed == id),
            "{id:?}"
        );
    }
    worker.quit().await;
    let left: u64 = world.on_key("SCARD", "workers", &[]).await;
    assert_eq!(left, 6, "they are nobody's to remove");
}

#[tokio::test]
async fn heartbeats_that_are_no_time_stop_nobody_and_kill_nobody() {
    let mut world = World::new().await;
    let beats: [(&[u8], &[u8]); 5] = [
        (b"a:1:q", b"not a time"),
        (b"b:1:q", b""),
        (b"c:1:q", b"\xff"),
        (b"d:1:q", b"2020-13-45T99:00:00Z"),
        (b"e:1:q", b"2020-01-01T00:00:00Z"),
    ];
    for (id, beat) in beats {
        world.on_key::<()>("SADD", "workers", &[id]).await;
        world
            .on_key::<()>("HSET", "workers:heartbeat", &[id, beat])
            .await;
    }
    // The janitor looks for two minutes and a half before it takes a foreign worker for dead.
    let clock = ManualClock::new();
    clock.set_now(SystemClock::new().now());
    let mut worker = Running::by(world.backend.clone(), Arc::new(clock.clone()));
    for _ in 0..160 {
        let quiet = tokio::time::timeout(HANGS, clock.parked(SLEEPERS));
        assert!(quiet.await.is_ok(), "only {} sleep", clock.sleeping());
        clock.advance(Duration::from_secs(1));
    }
    // The only one that says since when it is dead.
    worker
        .saw(|event| matches!(event, Event::Pruned { worker } if worker.as_str() == "e:1:q"))
        .await;
    world.push_good(1).await;
    worker.performed([1]).await;
    worker.quit().await;
    let mut left: Vec<String> = world.on_key("SMEMBERS", "workers", &[]).await;
    left.sort();
    assert_eq!(left, ["a:1:q", "b:1:q", "c:1:q", "d:1:q"]);
    let suspects = world.client.suspects().await.unwrap();
    assert_eq!(suspects.len(), 4);
}

#[tokio::test]
async fn failures_that_are_none_hide_no_other() {
    let mut world = World::new().await;
    let texts: [&[u8]; 4] = [b"", b"{oops", b"null", b"\xff\0"];
    for text in texts {
        world.on_key::<()>("RPUSH", "failed", &[text]).await;
    }
    let mut worker = world.start().await;
    world.client.push("mail", bad(1)).await.unwrap();
    worker.settled(1).await;
    worker.quit().await;
    let failures = world.client.failures().unwrap();
    let entries = failures.all(0, 100).await.unwrap();
    assert_eq!(entries.len(), 5);
    for (entry, text) in entries.iter().zip(texts) {
        let FailureContent::Unreadable(bytes) = &entry.content else {
            panic!("{entry:?}");
        };
        assert_eq!(bytes.as_bytes(), text);
        failures.remove(&entry.id).await.unwrap();
    }
    assert_eq!(entries[4].content.record().unwrap().exception, "Boom");
    assert_eq!(failures.retry_all().await.unwrap(), 1);
    let left: u64 = world.on_key("LLEN", "failed", &[]).await;
    assert_eq!((left, world.client.size("mail").await.unwrap()), (1, 1));
}
