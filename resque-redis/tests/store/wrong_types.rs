//! Something else than Resque's own at each key that a script touches: it is told, nothing is lost,
//! and the rest is served.

use resque_core::{
    DelayedEdit, DelayedTo, Edit, EditTo, Enqueue, Error, FailureRecord, FailureRetry, Leaving,
    Outcome, Settled, Settlement, WorkerId,
};
use resque_redis::FailureLayout;

use crate::support::{World, at, job, list, name, slot, slots};

fn names_key(error: &Error, key: &str) -> bool {
    matches!(error, Error::Corrupt { place, .. } if place.contains(&format!(":{key} ")))
}

fn assert_corrupt<T: std::fmt::Debug>(result: Result<T, Error>, key: &str) {
    let error = result.unwrap_err();
    assert!(names_key(&error, key), "{key}: {error}");
}

#[tokio::test]
async fn a_spoilt_queue_leaves_the_others_served() {
    let world = World::new().await;
    world.push("other", job(1)).await;
    world.raw.spoil("queue:mail").await;
    for from in ["mail,other", "*"] {
        world.raw.on("SADD", "queues", &[b"mail"]).await;
        let given = world.reserve(&slots(2), from).await;
        assert!(
            names_key(&given.troubles[0], "queue:mail"),
            "{:?}",
            given.troubles
        );
        assert_eq!(given.reserved.len(), 1);
    }
}

#[tokio::test]
async fn a_stop_or_pause_that_is_no_text_stops_nothing() {
    for key in ["pause:queue:mail", "pause-all-workers"] {
        let world = World::new().await;
        world.push("mail", job(1)).await;
        world.raw.spoil(key).await;
        let given = world.reserve(&slots(1), "mail").await;
        assert!(names_key(&given.troubles[0], key), "{:?}", given.troubles);
        assert_eq!((given.reserved.len(), given.paused), (1, false));
    }
}

#[tokio::test]
async fn a_slot_with_a_spoilt_note_is_left_out() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let key = format!("worker:{}", slot(0));
    world.raw.spoil(&key).await;
    let given = world.reserve(&slots(2), "mail").await;
    assert!(names_key(&given.troubles[0], &key), "{:?}", given.troubles);
    assert_eq!(given.reserved[0].worker, slot(1));
    assert_eq!(world.raw.members(&key).await, ["spoilt"]);
}

#[tokio::test]
async fn spoilt_heartbeats_keep_jobs_in_their_queues() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    world.raw.spoil("workers:heartbeat").await;
    let given = world.reserve(&slots(1), "mail").await;
    assert!(
        names_key(&given.troubles[0], "workers:heartbeat"),
        "{:?}",
        given.troubles
    );
    assert_eq!(
        (
            given.reserved.len(),
            world.raw.list("queue:mail").await.len()
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn a_spoilt_set_of_queues_is_told_and_named_queues_are_served() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    world.raw.spoil("queues").await;
    let given = world.reserve(&slots(1), "*").await;
    assert!(
        names_key(&given.troubles[0], "queues"),
        "{:?}",
        given.troubles
    );
    assert!(given.reserved.is_empty());
    assert_eq!(world.reserve(&slots(1), "mail").await.reserved.len(), 1);
}

/// A settlement of one job with each outcome, and what it needs beside the note.
async fn settle_beside(layout: FailureLayout, outcome: fn() -> Outcome, key: &str) {
    let world = World::laid_out(layout).await;
    for number in 0..2 {
        world.push("mail", job(number)).await;
    }
    let given = world.reserve(&slots(2), "mail").await.reserved;
    world.raw.spoil(key).await;
    let before = world.raw.dump().await;
    let mut first = Settlement::done(given[0].receipt.clone());
    first.outcome = outcome();
    let batch = [first.clone()];
    let queues = world.backend.queues();
    let settled = queues
        .exchange(&batch, &[], &list("mail"), at(0))
        .await
        .unwrap()
        .settled;
    let Settled::Trouble(error) = &settled[0] else {
        panic!("{key}: {settled:?}");
    };
    assert!(names_key(error, key), "{key}: {error}");
    assert_eq!(world.raw.dump().await, before, "{key}: nothing changed");

    let batch = [first.clone(), Settlement::done(given[1].receipt.clone())];
    let settled = queues
        .exchange(&batch, &[], &list("mail"), at(0))
        .await
        .unwrap()
        .settled;
    assert!(
        matches!(settled[..], [Settled::Trouble(_), Settled::Applied]),
        "{settled:?}"
    );

    world.raw.on("DEL", key, &[]).await;
    let settled = queues
        .exchange(&[first], &[], &list("mail"), at(0))
        .await
        .unwrap()
        .settled;
    assert!(
        matches!(settled[..], [Settled::Applied]),
        "{key}: {settled:?}"
    );
}

fn failed() -> Outcome {
    let record = FailureRecord::new(at(0), "{}".into(), "E", "boom").on("w", "mail");
    Outcome::Failed(Box::new(record))
}

#[tokio::test]
async fn a_settlement_whose_target_is_spoilt_changes_nothing_and_others_are_applied() {
    let retry = || Outcome::RetryAt {
        payload: "{}".into(),
        at: at(9),
    };
    let single = FailureLayout::Single;
    settle_beside(single, failed, "failed").await;
    settle_beside(FailureLayout::PerQueue, failed, "mail_failed").await;
    settle_beside(FailureLayout::PerQueue, failed, "failed_queues").await;
    for key in ["queues", "queue:mail"] {
        settle_beside(single, || Outcome::Release, key).await;
    }
    for key in ["rs:delayed", "rs:delayed:jobs"] {
        settle_beside(single, || Outcome::Defer(at(9)), key).await;
        settle_beside(single, retry, key).await;
    }
}

#[tokio::test]
async fn a_number_of_coming_that_is_none_is_told() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "mail").await;
    world
        .raw
        .on("HSET", "rs:delayed:jobs", &[b"seq", b"many"])
        .await;
    let defer = Settlement::defer(given.receipt, at(9));
    let queues = world.backend.queues();
    let settled = queues
        .exchange(&[defer], &[], &list("mail"), at(0))
        .await
        .unwrap()
        .settled;
    assert!(matches!(&settled[0], Settled::Trouble(error) if names_key(error, "rs:delayed:jobs")));
}

#[tokio::test]
async fn spoilt_counters_are_told_and_the_job_is_settled() {
    let own = [
        format!("stat:processed:{}", slot(0)),
        format!("stat:failed:{}", slot(0)),
    ];
    for key in ["stat:processed", "stat:failed", &own[0], &own[1]] {
        for text in [false, true] {
            let world = World::new().await;
            world.push("mail", job(1)).await;
            let given = world.reserve_one(&slot(0), "mail").await;
            world.raw.spoil(key).await;
            if text {
                world.raw.on("SET", key, &[b"many"]).await;
            }
            let record = FailureRecord::new(at(0), given.payload, "E", "boom");
            let settlement = Settlement::failed(given.receipt, record);
            let queues = world.backend.queues();
            let answer = queues
                .exchange(&[settlement], &[], &list("mail"), at(0))
                .await
                .unwrap();
            assert!(
                matches!(answer.settled[..], [Settled::Applied]),
                "{key}: {answer:?}"
            );
            assert!(
                names_key(&answer.troubles[0], key),
                "{key}: {:?}",
                answer.troubles
            );
            assert_eq!(answer.troubles.len(), 1);
            assert_eq!(world.raw.list("failed").await.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_guarded_settlement_beside_spoilt_heartbeats_changes_nothing() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve_one(&slot(0), "mail").await;
    world.raw.spoil("workers:heartbeat").await;
    let mark = resque_core::HeartbeatMark::new("x");
    let record = FailureRecord::new(at(0), given.payload, "E", "boom");
    let settlement = Settlement::recovered(given.receipt.guarded_by(mark), record);
    let queues = world.backend.queues();
    let answer = queues
        .exchange(&[settlement], &[], &list("mail"), at(0))
        .await
        .unwrap();
    assert!(
        matches!(&answer.settled[0], Settled::Trouble(error) if names_key(error, "workers:heartbeat"))
    );
    assert!(!world.raw.exists("failed").await);
}

#[tokio::test]
async fn a_push_beside_a_spoilt_key_changes_nothing() {
    let plain = Enqueue::at(name("mail"), job(2), at(5));
    let item = r#"timestamps:{"class":"Archive","args":[2,"masterbrew"],"queue":"mail"}"#;
    let second = "delayed:1795215630";
    let odd = Enqueue::at(name("mail"), "{oops", at(5));
    for (key, more) in [
        ("queues", None),
        ("queue:mail", None),
        ("queue:other", None),
        ("delayed_queue_schedule", Some(&plain)),
        (second, Some(&plain)),
        (item, Some(&plain)),
        ("rs:delayed", Some(&odd)),
        ("rs:delayed:jobs", Some(&odd)),
    ] {
        let world = World::new().await;
        world.raw.spoil(key).await;
        let before = world.raw.dump().await;
        let mut batch: Vec<_> = (0..1500)
            .map(|n| Enqueue::new(name(if n % 2 == 0 { "mail" } else { "other" }), job(n)))
            .collect();
        batch.extend(more.cloned());
        let key_shown = if key == item {
            "timestamps:{\"class\":\"Archive\",\"args\":[2,\"masterbrew\"],\"queue\":\"mail\"}"
        } else {
            key
        };
        assert_corrupt(world.backend.queues().push(&batch).await, key_shown);
        assert_eq!(world.raw.dump().await, before, "{key}");
    }
}

#[tokio::test]
async fn a_push_to_one_queue_beside_a_spoilt_key_changes_nothing() {
    for key in ["queues", "queue:mail"] {
        for waiting in [false, true] {
            let world = World::new().await;
            if waiting {
                world.push("mail", job(1)).await;
            }
            world.raw.spoil(key).await;
            let before = world.raw.dump().await;
            for count in [1, 2500] {
                let jobs = (0..count).map(|n| Enqueue::new(name("mail"), job(n)));
                let batch: Vec<_> = jobs.collect();
                assert_corrupt(world.backend.queues().push(&batch).await, key);
                assert_eq!(world.raw.dump().await, before, "{key}");
            }
        }
    }
}

#[tokio::test]
async fn queue_calls_beside_a_spoilt_key_say_so() {
    let world = World::new().await;
    let queues = world.backend.queues();
    world.push("mail", job(1)).await;
    world.raw.spoil("queue:spoilt").await;
    world.raw.on("SADD", "queues", &[b"spoilt"]).await;
    let spoilt = name("spoilt");
    assert_corrupt(
        queues.peek(&spoilt, resque_core::Page::ALL).await,
        "queue:spoilt",
    );
    assert_corrupt(queues.pop(&list("spoilt"), 1).await, "queue:spoilt");
    assert_corrupt(queues.delete_queue(&spoilt).await, "queue:spoilt");
    let edit = |queue: &str, to| Edit {
        queue: name(queue),
        payload: job(1).into(),
        at_most: 1,
        to,
    };
    assert_corrupt(
        queues.edit(&[edit("spoilt", EditTo::Nowhere)]).await,
        "queue:spoilt",
    );
    let to_spoilt = EditTo::Queue(spoilt.clone());
    assert_corrupt(
        queues.edit(&[edit("mail", to_spoilt)]).await,
        "queue:spoilt",
    );
    let listing = queues.queues().await.unwrap();
    assert_eq!(listing.unreadable, ["spoilt"]);
    assert_eq!(listing.get("mail").map(|queue| queue.length), Some(1));
    assert_eq!(queues.pop(&list("spoilt,mail"), 2).await.unwrap().len(), 1);

    world.raw.spoil("queues").await;
    assert_corrupt(queues.queues().await, "queues");
    assert_corrupt(queues.create_queue(&name("new")).await, "queues");
    assert_corrupt(queues.delete_queue(&name("mail")).await, "queues");
    assert_corrupt(queues.pop(&list("*"), 1).await, "queues");
}

#[tokio::test]
async fn registry_calls_beside_a_spoilt_key_say_so_and_change_nothing() {
    for key in ["workers", "workers:heartbeat"] {
        let world = World::new().await;
        let workers = world.backend.workers();
        world.raw.spoil(key).await;
        let before = world.raw.dump().await;
        assert_corrupt(workers.register(&slots(2), at(0)).await, key);
        assert_corrupt(workers.heartbeat(&slots(2), at(0)).await, key);
        assert_corrupt(workers.unregister(&[Leaving::new(slot(0))]).await, key);
        assert_corrupt(workers.workers().await, key);
        if key != "workers" {
            assert_corrupt(workers.dead(at(0)).await, key);
        }
        assert_eq!(world.raw.dump().await, before, "{key}");
    }
}

#[tokio::test]
async fn spoilt_keys_of_one_worker_do_not_hide_the_others() {
    let world = World::new().await;
    let workers = world.backend.workers();
    workers.register(&slots(2), at(0)).await.unwrap();
    let id = slot(0);
    let keys = [
        format!("worker:{id}"),
        format!("worker:{id}:started"),
        format!("stat:processed:{id}"),
        format!("stat:failed:{id}"),
    ];
    for key in &keys {
        world.raw.spoil(key).await;
    }
    assert_eq!(workers.workers().await.unwrap().workers.len(), 2);
    assert_eq!(workers.dead(at(100)).await.unwrap().len(), 2);
    assert!(workers.register(&slots(2), at(0)).await.unwrap().is_empty());
    let left = workers
        .unregister(&[Leaving::new(id.clone())])
        .await
        .unwrap();
    assert_eq!(left, [resque_core::Left::Gone]);
    for key in &keys {
        assert!(!world.raw.exists(key).await, "{key}");
    }
}

#[tokio::test]
async fn a_spoilt_counter_is_told() {
    let world = World::new().await;
    let workers = world.backend.workers();
    world.raw.spoil("stat:processed").await;
    assert_corrupt(workers.stat("processed").await, "stat:processed");
    assert_corrupt(workers.incr_stat("processed", 1).await, "stat:processed");
    world.raw.on("DEL", "stat:processed", &[]).await;
    world.raw.on("SET", "stat:processed", &[b"many"]).await;
    assert_corrupt(workers.stat("processed").await, "stat:processed");
    workers.set_stat("processed", 3).await.unwrap();
    assert_eq!(workers.stat("processed").await.unwrap(), 3);
}

#[tokio::test]
async fn failure_calls_beside_a_spoilt_list_say_so() {
    for (layout, key) in [
        (FailureLayout::Single, "failed"),
        (FailureLayout::PerQueue, "mail_failed"),
        (FailureLayout::PerQueue, "failed_queues"),
    ] {
        let world = World::laid_out(layout).await;
        world
            .raw
            .on("SADD", "failed_queues", &[b"mail_failed"])
            .await;
        world.raw.spoil(key).await;
        let before = world.raw.dump().await;
        let failures = world.backend.failures();
        let record = FailureRecord::new(at(0), "{}".into(), "E", "boom").on("w", "mail");
        assert_corrupt(failures.record(&[record]).await, key);
        assert_corrupt(failures.count(None).await, key);
        assert_corrupt(failures.list(&Default::default()).await, key);
        assert_corrupt(failures.clear(None).await, key);
        assert_eq!(world.raw.dump().await, before, "{key}");
    }
}

#[tokio::test]
async fn a_retry_into_a_spoilt_queue_keeps_its_record() {
    for key in ["queue:mail", "queues"] {
        let world = World::new().await;
        let failures = world.backend.failures();
        let record =
            |queue: &str| FailureRecord::new(at(0), job(1).into(), "E", queue).on("w", queue);
        failures
            .record(&[record("mail"), record("other")])
            .await
            .unwrap();
        let page = failures.list(&Default::default()).await.unwrap();
        world.raw.spoil(key).await;
        let retries: Vec<_> = page
            .entries
            .iter()
            .map(|entry| FailureRetry::new(entry.id.clone()).and_remove())
            .collect();
        let results = failures.retry(&retries, at(0)).await.unwrap();
        let spoilt = results.into_iter().nth(1).unwrap();
        assert_corrupt(spoilt, key);
        let kept = if key == "queues" { 2 } else { 1 };
        assert_eq!(failures.count(None).await.unwrap(), kept, "{key}");
        assert_eq!(world.raw.list("failed").await.len() as u64, kept);
    }
}

#[tokio::test]
async fn a_promotion_beside_spoilt_keys_moves_the_rest() {
    let second = "delayed:1795215630";
    let times = r#"timestamps:{"class":"Archive","args":[1,"masterbrew"],"queue":"mail"}"#;
    for (key, moved) in [
        ("delayed_queue_schedule", 1),
        (second, 1),
        (times, 1),
        ("rs:delayed", 1),
        ("rs:delayed:jobs", 1),
        ("queue:mail", 0),
        ("queues", 0),
    ] {
        let world = World::new().await;
        let queues = world.backend.queues();
        let plain = Enqueue::at(name("mail"), job(1), at(5));
        let odd = Enqueue::at(name("mail"), "{oops", at(5));
        queues.push(&[plain, odd]).await.unwrap();
        world.raw.spoil(key).await;
        let promotion = queues
            .delayed()
            .unwrap()
            .promote("h:1", at(5), 10)
            .await
            .unwrap();
        assert_eq!(promotion.moved, moved, "{key}");
        assert!(
            promotion.troubles.iter().any(|error| names_key(error, key)),
            "{key}: {:?}",
            promotion.troubles
        );
        if moved == 0 {
            let failed = world
                .backend
                .failures()
                .list(&Default::default())
                .await
                .unwrap();
            assert_eq!(
                failed.entries.len(),
                2,
                "{key}: set aside where people see them"
            );
            let again = queues
                .delayed()
                .unwrap()
                .promote("h:1", at(5), 10)
                .await
                .unwrap();
            assert_eq!((again.moved, again.next_due), (0, None));
        }
    }
}

#[tokio::test]
async fn an_edit_of_a_delayed_job_beside_a_spoilt_queue_leaves_it() {
    let world = World::new().await;
    let queues = world.backend.queues();
    let delayed = queues.delayed().unwrap();
    let odd = Enqueue::at(name("mail"), "{oops", at(5));
    queues
        .push(&[Enqueue::at(name("mail"), job(1), at(5)), odd])
        .await
        .unwrap();
    let page = delayed.list(None, 10).await.unwrap();
    world.raw.spoil("queue:mail").await;
    let edits: Vec<_> = page
        .jobs
        .iter()
        .map(|job| DelayedEdit {
            id: job.id.clone(),
            to: DelayedTo::Queue,
        })
        .collect();
    for result in delayed.edit(&edits).await.unwrap() {
        assert_corrupt(result, "queue:mail");
    }
    assert_eq!(delayed.count().await.unwrap(), 2);
}

#[tokio::test]
async fn a_note_that_nobody_can_read_is_told_and_recovered_as_it_is() {
    let world = World::new().await;
    let id = WorkerId::new("rubyhost:77:mail").unwrap();
    let key = format!("worker:{id}");
    world.raw.on("SET", &key, &[b"{oops"]).await;
    world
        .raw
        .on(
            "HSET",
            "workers:heartbeat",
            &[id.as_str().as_bytes(), b"2020-01-01T00:00:00Z"],
        )
        .await;
    let given = world.reserve(std::slice::from_ref(&id), "mail").await;
    assert!(names_key(&given.troubles[0], &key), "{:?}", given.troubles);
    let dead = world.backend.workers().dead(at(0)).await.unwrap();
    let held = dead[0].holds.clone().unwrap();
    assert_eq!(held.payload.as_bytes(), b"{oops");
    let record = FailureRecord::new(at(0), held.payload, "Resque::DirtyExit", "gone");
    let queues = world.backend.queues();
    let settlement = Settlement::recovered(held.receipt, record);
    let settled = queues
        .exchange(&[settlement], &[], &list("mail"), at(0))
        .await
        .unwrap()
        .settled;
    assert!(matches!(settled[..], [Settled::Applied]), "{settled:?}");
    assert!(!world.raw.exists(&key).await);
}
