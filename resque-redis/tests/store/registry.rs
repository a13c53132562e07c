//! Workers of all languages.

use resque_core::{Leaving, Left, WorkerId};

use crate::support::{World, at, job, slot, slots};

#[tokio::test]
async fn a_registered_worker_stands_where_ruby_looks() {
    let world = World::new().await;
    let workers = world.backend.workers();
    workers.register(&slots(1), at(0)).await.unwrap();
    workers.register(&slots(1), at(60)).await.unwrap();
    let id = slot(0);
    assert_eq!(world.raw.members("workers").await, [id.as_str()]);
    let started = world.raw.get(&format!("worker:{id}:started")).await;
    assert_eq!(started.as_deref(), Some("2026-11-20 23:00:25 +0000"));
    let beat = world
        .raw
        .on("HGET", "workers:heartbeat", &[id.as_str().as_bytes()])
        .await;
    assert_eq!(
        crate::support::text(beat).as_deref(),
        Some("2026-11-20T23:01:25.000+00:00")
    );
    assert_eq!(
        workers.unregister(&[Leaving::new(id)]).await.unwrap(),
        [Left::Gone]
    );
    assert_eq!(world.raw.dump().await, []);
}

#[tokio::test]
async fn thousands_of_workers_come_beat_and_go() {
    let world = World::new().await;
    let workers = world.backend.workers();
    let all = slots(2300);
    workers.register(&all, at(0)).await.unwrap();
    let beats = workers.heartbeat(&slots(2301), at(1)).await.unwrap();
    assert_eq!(beats.gone, [slot(2300)]);
    assert_eq!(workers.workers().await.unwrap().workers.len(), 2300);
    assert_eq!(workers.dead(at(2)).await.unwrap().len(), 2300);
    assert_eq!(workers.dead(at(1)).await.unwrap().len(), 0);
    let leaving: Vec<_> = all.into_iter().map(Leaving::new).collect();
    let left = workers.unregister(&leaving).await.unwrap();
    assert!(left.iter().all(|left| *left == Left::Gone));
    assert_eq!(world.raw.dump().await, []);
}

#[tokio::test]
async fn a_heartbeat_of_nobody_tells_the_time() {
    let world = World::new().await;
    let beats = world.backend.workers().heartbeat(&[], at(0)).await.unwrap();
    assert!(beats.server_time > at(0) - std::time::Duration::from_secs(86_400 * 365));
    assert!(!world.raw.exists("workers:heartbeat").await);
}

/// Ids and what their implementations write beside them.
const FOREIGN: &[(&str, &str, &str, Option<&str>)] = &[
    (
        "ruby:77:high,low",
        "2026-11-21 00:00:25 +0100",
        r#"{"queue":"high","run_at":"2026-11-20T23:00:25Z","payload":{"class":"A","args":[]}}"#,
        Some("2026-11-21T00:00:25+01:00"),
    ),
    (
        "perl:77:high",
        "2026-11-20 23:00:25 UTC",
        r#"{"run_at":"2026/11/20 23:00:25 UTC","payload":{"args":[],"class":"A"},"queue":"high"}"#,
        None,
    ),
    (
        "node:77:*",
        "1795215625",
        r#"{"run_at":"Fri Nov 20 2026 23:00:25 GMT+0000 (Coordinated Universal Time)","queue":"high","payload":{"class":"A","queue":"high","args":{}},"worker":"node:77"}"#,
        None,
    ),
    (
        "go:77-3:high",
        "2026-11-20 23:00:25.123456789 +0000 UTC m=+0.001",
        r#"{"queue":"high","run_at":"2026-11-20T23:00:25.123456789Z","payload":{"class":"A","args":null}}"#,
        None,
    ),
];

#[tokio::test]
async fn workers_of_every_language_are_listed_with_what_they_do() {
    let world = World::new().await;
    for (id, started, note, beat) in FOREIGN {
        world.raw.on("SADD", "workers", &[id.as_bytes()]).await;
        world
            .raw
            .on(
                "SET",
                &format!("worker:{id}:started"),
                &[started.as_bytes()],
            )
            .await;
        world
            .raw
            .on("SET", &format!("worker:{id}"), &[note.as_bytes()])
            .await;
        world
            .raw
            .on("SET", &format!("stat:processed:{id}"), &[b"7"])
            .await;
        if let Some(beat) = beat {
            world
                .raw
                .on(
                    "HSET",
                    "workers:heartbeat",
                    &[id.as_bytes(), beat.as_bytes()],
                )
                .await;
        }
    }
    for id in [&b"node:77"[..], b"", b"host:1:", b"\xff:1:q"] {
        world.raw.on("SADD", "workers", &[id]).await;
    }
    let listing = world.backend.workers().workers().await.unwrap();
    assert_eq!(listing.unreadable.len(), 4);
    assert_eq!(listing.workers.len(), FOREIGN.len());
    for (id, _, _, beat) in FOREIGN {
        let status = listing.get(id).unwrap();
        let seconds = |time: std::time::SystemTime| time.duration_since(at(0)).unwrap().as_secs();
        assert_eq!(status.started.map(seconds), Some(0), "{id}");
        assert_eq!(status.heartbeat.map(seconds), beat.map(|_| 0), "{id}");
        assert_eq!((status.processed, status.failed), (7, 0));
        let held = status.holds.as_ref().unwrap();
        assert_eq!(
            (held.queue.as_str(), held.since.map(seconds)),
            ("high", Some(0)),
            "{id}"
        );
        assert_eq!(status.is_suspect(), beat.is_none());
    }
}

#[tokio::test]
async fn heartbeats_that_are_no_time_kill_nobody() {
    let world = World::new().await;
    let beats: [(&[u8], &[u8]); 6] = [
        (b"a:1:q", b"yesterday"),
        (b"b:1:q", b""),
        (b"c:1:q", b"\xff"),
        (b"d:1", b"2020-01-01T00:00:00Z"),
        (b"\xff:1:q", b"2020-01-01T00:00:00Z"),
        (b"e:1:q", b"2020-01-01T00:00:00Z"),
    ];
    for (id, beat) in beats {
        world.raw.on("SADD", "workers", &[id]).await;
        world.raw.on("HSET", "workers:heartbeat", &[id, beat]).await;
    }
    let dead = world.backend.workers().dead(at(0)).await.unwrap();
    let ids: Vec<_> = dead.iter().map(|dead| dead.id.as_str()).collect();
    assert_eq!(ids, ["e:1:q"]);
    let left = world
        .backend
        .workers()
        .unregister(&[dead[0].leaving()])
        .await
        .unwrap();
    assert_eq!(left, [Left::Gone]);
}

#[tokio::test]
async fn a_foreign_worker_is_not_taken_off_while_ruby_prunes() {
    let world = World::new().await;
    let workers = world.backend.workers();
    let foreign = WorkerId::new("ruby:77:high").unwrap();
    workers
        .register(&[foreign.clone(), slot(0)], at(0))
        .await
        .unwrap();
    world
        .raw
        .on("SET", "pruning_dead_workers_in_progress", &[b"ruby:1:high"])
        .await;
    let leaving = [Leaving::new(foreign), Leaving::new(slot(0))];
    let left = workers.unregister(&leaving).await.unwrap();
    assert_eq!(left, [Left::Alive, Left::Gone]);
    world
        .raw
        .on("DEL", "pruning_dead_workers_in_progress", &[])
        .await;
    let left = workers.unregister(&leaving).await.unwrap();
    assert_eq!(left, [Left::Gone, Left::Gone]);
}

#[tokio::test]
async fn rubys_prune_lock_is_never_taken() {
    let world = World::new().await;
    let workers = world.backend.workers();
    workers.register(&slots(1), at(0)).await.unwrap();
    world.push("mail", job(1)).await;
    world.reserve_one(&slot(0), "mail").await;
    for dead in workers.dead(at(100)).await.unwrap() {
        workers.unregister(&[dead.leaving()]).await.unwrap();
    }
    assert!(!world.raw.exists("pruning_dead_workers_in_progress").await);
}

#[tokio::test]
async fn nodes_own_keys_are_left_alone() {
    let world = World::new().await;
    world
        .raw
        .on(
            "SET",
            "worker:ping:node:77",
            &[br#"{"time":1,"name":"node:77","queues":"*"}"#],
        )
        .await;
    let before = world.raw.dump().await;
    let workers = world.backend.workers();
    assert!(workers.workers().await.unwrap().workers.is_empty());
    assert!(workers.dead(at(0)).await.unwrap().is_empty());
    assert_eq!(world.raw.dump().await, before);
}

#[tokio::test]
async fn a_slot_on_no_registry_is_given_a_heartbeat_with_its_job() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve(&slots(2), "mail").await;
    assert_eq!(given.reserved.len(), 1);
    let dead = world.backend.workers().dead(at(1)).await.unwrap();
    assert_eq!(dead.len(), 1, "only the one that holds a job");
    assert_eq!(
        (dead[0].id.clone(), dead[0].holds.is_some()),
        (slot(0), true)
    );
}
