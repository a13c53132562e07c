//! Settling and reserving: what the conformance suite cannot know of a store.

use resque_core::{Exchange, FailureRecord, HeartbeatMark, Receipt, Settled, Settlement, WorkerId};

use crate::support::{World, at, job, list, name, slot, slots};

async fn settle(world: &World, settlements: &[Settlement]) -> Vec<Settled> {
    let queues = world.backend.queues();
    queues
        .exchange(settlements, &[], &list("mail"), at(1))
        .await
        .unwrap()
        .settled
}

fn payloads(exchange: &Exchange) -> Vec<String> {
    exchange
        .reserved
        .iter()
        .map(|job| job.payload.to_text_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn thousands_of_slots_are_filled_settled_and_filled_again_in_order() {
    const SLOTS: usize = 2500;
    let world = World::new().await;
    let queues = world.backend.queues();
    let jobs: Vec<_> = (0..2 * SLOTS)
        .map(|n| resque_core::Enqueue::new(name("mail"), job(n)))
        .collect();
    queues.push(&jobs).await.unwrap();
    let slots = slots(SLOTS);
    let first = queues
        .exchange(&[], &slots, &list("*"), at(0))
        .await
        .unwrap();
    assert_eq!(payloads(&first), (0..SLOTS).map(job).collect::<Vec<_>>());
    let done: Vec<_> = first
        .reserved
        .into_iter()
        .map(|job| Settlement::done(job.receipt))
        .collect();
    let second = queues
        .exchange(&done, &slots, &list("*"), at(1))
        .await
        .unwrap();
    assert!(
        second
            .settled
            .iter()
            .all(|end| matches!(end, Settled::Applied))
    );
    assert_eq!(
        payloads(&second),
        (SLOTS..2 * SLOTS).map(job).collect::<Vec<_>>()
    );
    assert_eq!(
        world.backend.workers().stat("processed").await.unwrap(),
        SLOTS as i64
    );
    let failed: Vec<_> = second
        .reserved
        .into_iter()
        .map(|job| {
            Settlement::failed(
                job.receipt,
                FailureRecord::new(at(1), job.payload, "E", "boom"),
            )
        })
        .collect();
    let third = queues
        .exchange(&failed, &slots, &list("*"), at(2))
        .await
        .unwrap();
    assert!(
        third
            .settled
            .iter()
            .all(|end| matches!(end, Settled::Applied))
    );
    assert!(third.reserved.is_empty());
    assert_eq!(
        world.backend.failures().count(None).await.unwrap(),
        SLOTS as u64
    );
    assert_eq!(
        world.backend.workers().stat("failed").await.unwrap(),
        SLOTS as i64
    );
}

#[tokio::test]
async fn thousands_of_releases_keep_their_order() {
    const SLOTS: usize = 2100;
    let world = World::new().await;
    let jobs: Vec<_> = (0..SLOTS)
        .map(|n| resque_core::Enqueue::new(name("mail"), job(n)))
        .collect();
    world.backend.queues().push(&jobs).await.unwrap();
    let given = world.reserve(&slots(SLOTS), "mail").await;
    let released: Vec<_> = given
        .reserved
        .into_iter()
        .map(|job| Settlement::release(job.receipt))
        .collect();
    settle(&world, &released).await;
    assert_eq!(
        world.raw.list("queue:mail").await,
        (0..SLOTS).map(job).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_list_of_thousands_of_queues_is_asked_to_its_end() {
    let world = World::new().await;
    let queues = world.backend.queues();
    let names: Vec<_> = (0..2500).map(|n| name(&format!("q{n:04}"))).collect();
    for name in &names {
        world
            .raw
            .on("SADD", "queues", &[name.as_str().as_bytes()])
            .await;
    }
    for queue in ["q0000", "q1001", "q2499"] {
        world.push(queue, queue).await;
    }
    let given = world.reserve(&slots(3), "*").await;
    assert_eq!(payloads(&given), ["q0000", "q1001", "q2499"]);
    // One name goes and another comes: as many as before, and all slots stay empty at first.
    world.raw.on("SREM", "queues", &[b"q0007"]).await;
    world.raw.on("SADD", "queues", &[b"new"]).await;
    world.raw.on("RPUSH", "queue:new", &[b"fresh"]).await;
    let given = queues
        .exchange(&[], &slots(5)[3..], &list("*"), at(0))
        .await
        .unwrap();
    assert_eq!(payloads(&given), ["fresh"]);
}

#[tokio::test]
async fn an_exchanged_name_is_seen_before_its_order_matters() {
    let world = World::new().await;
    world.push("b", "b1").await;
    world.push("c", "c1").await;
    assert_eq!(payloads(&world.reserve(&slots(1), "*").await), ["b1"]);
    world.raw.on("SREM", "queues", &[b"b"]).await;
    world.raw.on("SADD", "queues", &[b"a"]).await;
    world.raw.on("RPUSH", "queue:a", &[b"a1"]).await;
    let given = world.reserve(&slots(3)[1..], "*").await;
    assert_eq!(payloads(&given), ["a1", "c1"]);
}

#[tokio::test]
async fn settlements_are_made_once_although_new_names_repeat_the_asking() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "*").await;
    for queue in ["new1", "new2"] {
        world.push(queue, queue).await;
    }
    let done = [Settlement::done(given.receipt)];
    let queues = world.backend.queues();
    let answer = queues
        .exchange(&done, &slots(3), &list("*"), at(1))
        .await
        .unwrap();
    assert!(
        matches!(answer.settled[..], [Settled::Applied]),
        "{answer:?}"
    );
    assert_eq!(payloads(&answer), ["new1", "new2"]);
    assert_eq!(world.backend.workers().stat("processed").await.unwrap(), 1);
}

#[tokio::test]
async fn the_pause_is_read_as_ruby_reads_it() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    for (text, paused) in [
        ("true", true),
        (" TRUE\n", true),
        ("1", false),
        ("yes", false),
        ("", false),
    ] {
        world
            .raw
            .on("SET", "pause-all-workers", &[text.as_bytes()])
            .await;
        let given = world.reserve(&slots(1), "mail").await;
        assert_eq!(
            (given.paused, given.reserved.is_empty()),
            (paused, paused),
            "{text:?}"
        );
        let control = world.backend.queues().control().unwrap();
        assert_eq!(control.paused().await.unwrap(), paused, "{text:?}");
        for job in given.reserved {
            settle(&world, &[Settlement::release(job.receipt)]).await;
        }
    }
}

#[tokio::test]
async fn a_held_job_is_given_again_even_while_paused() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    world.reserve_one(&slot(0), "mail").await;
    world.raw.on("SET", "pause-all-workers", &[b"true"]).await;
    let given = world.reserve(&slots(1), "mail").await;
    assert!(given.paused && given.reserved[0].redelivered);
}

#[tokio::test]
async fn receipts_of_two_connections_never_meet() {
    let world = World::new().await;
    let twin = world.backend.connect_again().await.unwrap();
    for number in 0..2 {
        world.push("mail", job(number)).await;
    }
    let old = world.reserve_one(&slot(0), "mail").await;
    settle(&world, &[Settlement::done(old.receipt.clone())]).await;
    let new = twin
        .queues()
        .exchange(&[], &slots(1), &list("mail"), at(0))
        .await
        .unwrap();
    assert_ne!(new.reserved[0].receipt, old.receipt);
    let settled = settle(&world, &[Settlement::done(old.receipt)]).await;
    assert!(matches!(settled[..], [Settled::Lost]), "{settled:?}");
    assert!(world.raw.exists(&format!("worker:{}", slot(0))).await);
}

#[tokio::test]
async fn the_same_settlement_twice_in_one_batch_counts_once() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "mail").await;
    let done = Settlement::done(given.receipt);
    let settled = settle(&world, &[done.clone(), done]).await;
    assert!(
        matches!(settled[..], [Settled::Applied, Settled::Lost]),
        "{settled:?}"
    );
    assert_eq!(world.backend.workers().stat("processed").await.unwrap(), 1);
}

#[tokio::test]
async fn a_receipt_that_another_store_made_is_lost() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "mail").await;
    let alien = |receipt| Settlement::done(receipt);
    let settled = settle(
        &world,
        &[
            alien(Receipt::numbered(slot(0), 7)),
            alien(Receipt::new(slot(0), "=")),
            alien(Receipt::new(slot(0), "x 1 2 mail")),
            Settlement::done(given.receipt),
        ],
    )
    .await;
    assert!(
        matches!(
            settled[..],
            [
                Settled::Lost,
                Settled::Lost,
                Settled::Lost,
                Settled::Applied
            ]
        ),
        "{settled:?}"
    );
}

/// A Ruby worker that died with a job.
async fn dead_ruby_worker(world: &World) -> (WorkerId, Settlement) {
    let id = WorkerId::new("rubyhost:77:mail").unwrap();
    let note = br#"{"queue":"mail","run_at":"2026-11-20T22:00:00Z","payload":{"class":"A","args":[1.50]}}"#;
    world
        .raw
        .on("SADD", "workers", &[id.as_str().as_bytes()])
        .await;
    world.raw.on("SET", &format!("worker:{id}"), &[note]).await;
    let beat = b"2026-11-20T22:00:00+00:00";
    world
        .raw
        .on("HSET", "workers:heartbeat", &[id.as_str().as_bytes(), beat])
        .await;
    let dead = world.backend.workers().dead(at(0)).await.unwrap();
    let held = dead[0].holds.clone().unwrap();
    assert_eq!(
        (held.queue.as_str(), held.payload.as_bytes()),
        ("mail", &br#"{"class":"A","args":[1.50]}"#[..])
    );
    assert!(held.since.is_some());
    (id, Settlement::release(held.receipt))
}

#[tokio::test]
async fn what_a_dead_ruby_worker_held_goes_back_byte_for_byte() {
    let world = World::new().await;
    let (id, release) = dead_ruby_worker(&world).await;
    let settled = settle(&world, &[release]).await;
    assert!(matches!(settled[..], [Settled::Applied]), "{settled:?}");
    assert_eq!(
        world.raw.list("queue:mail").await,
        [r#"{"class":"A","args":[1.50]}"#]
    );
    assert!(!world.raw.exists(&format!("worker:{id}")).await);
}

#[tokio::test]
async fn a_ruby_worker_that_has_taken_another_job_is_left_alone() {
    let world = World::new().await;
    let (id, release) = dead_ruby_worker(&world).await;
    let other = br#"{"queue":"mail","run_at":"2026-11-20T22:00:01Z","payload":{"class":"A","args":[1.50]}}"#;
    world.raw.on("SET", &format!("worker:{id}"), &[other]).await;
    let settled = settle(&world, &[release]).await;
    assert!(matches!(settled[..], [Settled::Lost]), "{settled:?}");
    assert!(world.raw.exists(&format!("worker:{id}")).await);
}

#[tokio::test]
async fn a_ruby_worker_that_has_beaten_since_is_left_alone() {
    let world = World::new().await;
    let (id, release) = dead_ruby_worker(&world).await;
    let beat = b"2026-11-20T23:00:00+00:00";
    world
        .raw
        .on("HSET", "workers:heartbeat", &[id.as_str().as_bytes(), beat])
        .await;
    let settled = settle(&world, &[release]).await;
    assert!(matches!(settled[..], [Settled::Lost]), "{settled:?}");
}

#[tokio::test]
async fn foreign_workers_are_rubys_business_while_it_prunes() {
    let world = World::new().await;
    let (_, release) = dead_ruby_worker(&world).await;
    world.push("other", job(1)).await;
    let own = world.reserve_one(&slot(0), "other").await;
    world
        .raw
        .on(
            "SET",
            "pruning_dead_workers_in_progress",
            &[b"rubyhost:1:mail"],
        )
        .await;
    let settled = settle(&world, &[release.clone(), Settlement::done(own.receipt)]).await;
    assert!(
        matches!(settled[..], [Settled::Lost, Settled::Applied]),
        "{settled:?}"
    );
    world
        .raw
        .on("DEL", "pruning_dead_workers_in_progress", &[])
        .await;
    let settled = settle(&world, &[release]).await;
    assert!(matches!(settled[..], [Settled::Applied]), "{settled:?}");
}

#[tokio::test]
async fn a_guard_of_a_worker_without_heartbeat_is_void() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "mail").await;
    let guarded = given
        .receipt
        .guarded_by(HeartbeatMark::new("some other time"));
    let settled = settle(&world, &[Settlement::done(guarded)]).await;
    assert!(matches!(settled[..], [Settled::Lost]), "{settled:?}");
}

#[tokio::test]
async fn nothing_but_resques_keys_is_left_behind() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "mail").await;
    settle(&world, &[Settlement::done(given.receipt)]).await;
    let mut keys = world
        .backend
        .queues()
        .keyspace()
        .unwrap()
        .keys()
        .await
        .unwrap();
    keys.sort();
    let own = format!("stat:processed:{}", slot(0));
    assert_eq!(
        keys,
        ["queues", "stat:processed", &own, "workers:heartbeat"]
    );
}
