//! Delayed jobs beside resque-scheduler.

use std::time::Duration;

use resque_core::{
    DelayedEdit, DelayedJob, DelayedJobs, DelayedTo, Enqueue, FailureRecord, Promotion,
};

use crate::support::{World, at, job, name, text, texts};

const LOCK: &str = "resque_scheduler_master_lock";

fn delayed(world: &World) -> &dyn DelayedJobs {
    world.backend.queues().delayed().unwrap()
}

fn lock(world: &World) -> String {
    format!("{}:{LOCK}", world.raw.namespace)
}

async fn promote(world: &World, seconds: u64) -> Promotion {
    delayed(world)
        .promote("web1:4711", at(seconds), 1000)
        .await
        .unwrap()
}

async fn push(world: &World, jobs: &[Enqueue]) {
    world.backend.queues().push(jobs).await.unwrap();
}

fn plain(number: usize, seconds: u64) -> Enqueue {
    Enqueue::at(name("mail"), job(number), at(seconds))
}

/// A job that has to wait in our own set.
fn odd(number: usize, millis: u64) -> Enqueue {
    let due = at(0) + Duration::from_millis(millis);
    Enqueue::at(
        name("mail"),
        format!("{{\"class\":\"A\",\"args\":[{number}],\"x\":1}}"),
        due,
    )
}

async fn item(world: &World, second: &str, item: &str) {
    world
        .raw
        .on("RPUSH", &format!("delayed:{second}"), &[item.as_bytes()])
        .await;
    let member = format!("delayed:{second}");
    world
        .raw
        .on("SADD", &format!("timestamps:{item}"), &[member.as_bytes()])
        .await;
    world
        .raw
        .on(
            "ZADD",
            "delayed_queue_schedule",
            &[second.as_bytes(), second.as_bytes()],
        )
        .await;
}

async fn failed(world: &World) -> Vec<FailureRecord> {
    let page = world
        .backend
        .failures()
        .list(&Default::default())
        .await
        .unwrap();
    page.entries
        .iter()
        .map(|entry| entry.content.record().unwrap().clone())
        .collect()
}

async fn list_all(world: &World, at_once: usize) -> Vec<DelayedJob> {
    let (mut jobs, mut cursor) = (Vec::new(), None);
    loop {
        let page = delayed(world).list(cursor.as_ref(), at_once).await.unwrap();
        jobs.extend(page.jobs);
        cursor = page.next;
        if cursor.is_none() {
            return jobs;
        }
    }
}

#[tokio::test]
async fn both_kinds_are_promoted_in_order_of_their_time_and_leave_nothing_behind() {
    let world = World::new().await;
    let jobs = [
        plain(1, 3),
        odd(2, 1500),
        plain(3, 1),
        odd(4, 2999),
        plain(5, 3),
        odd(6, 3000),
        odd(7, 500),
    ];
    push(&world, &jobs).await;
    let early = promote(&world, 2).await;
    assert_eq!(
        (early.moved, early.next_due),
        (3, Some(at(2) + Duration::from_millis(999)))
    );
    let rest = promote(&world, 3).await;
    assert_eq!((rest.moved, rest.next_due, rest.standby), (4, None, false));
    let order: Vec<String> = [7, 3, 2, 4, 1, 5, 6]
        .iter()
        .map(|n| jobs[n - 1].payload.to_text_lossy().into_owned())
        .collect();
    assert_eq!(world.raw.list("queue:mail").await, order);
    let mut keys = world
        .backend
        .queues()
        .keyspace()
        .unwrap()
        .keys()
        .await
        .unwrap();
    keys.sort();
    assert_eq!(keys, ["queue:mail", "queues", "rs:delayed:jobs"]);
    assert_eq!(
        world.raw.on("HLEN", "rs:delayed:jobs", &[]).await.as_int(),
        Some(1)
    );
}

#[tokio::test]
async fn a_job_is_promoted_to_the_millisecond() {
    let world = World::new().await;
    push(&world, &[odd(1, 1500)]).await;
    let at_millis = |millis| at(0) + Duration::from_millis(millis);
    let early = delayed(&world)
        .promote("h:1", at_millis(1499), 10)
        .await
        .unwrap();
    assert_eq!((early.moved, early.next_due), (0, Some(at_millis(1500))));
    assert_eq!(
        delayed(&world)
            .promote("h:1", at_millis(1500), 10)
            .await
            .unwrap()
            .moved,
        1
    );
}

#[tokio::test]
async fn at_most_so_many_are_promoted_and_the_next_one_is_due_at_once() {
    let world = World::new().await;
    let jobs: Vec<_> = (0..30)
        .map(|n| {
            if n % 3 == 0 {
                odd(n, 10 * n as u64)
            } else {
                plain(n, n as u64)
            }
        })
        .collect();
    push(&world, &jobs).await;
    let some = delayed(&world).promote("h:1", at(100), 25).await.unwrap();
    assert_eq!(some.moved, 25);
    assert!(some.next_due.is_some_and(|next| next <= at(100)));
    let rest = delayed(&world).promote("h:1", at(100), 25).await.unwrap();
    assert_eq!((rest.moved, rest.next_due), (5, None));
}

#[tokio::test]
async fn thousands_are_promoted_at_once() {
    let world = World::new().await;
    let jobs: Vec<_> = (0..3000)
        .map(|n| {
            if n % 2 == 0 {
                odd(n, n as u64)
            } else {
                plain(n, n as u64 / 100)
            }
        })
        .collect();
    push(&world, &jobs).await;
    assert_eq!(delayed(&world).count().await.unwrap(), 3000);
    let all = delayed(&world)
        .promote("h:1", at(100), 10_000)
        .await
        .unwrap();
    assert_eq!((all.moved, all.next_due), (3000, None));
    assert_eq!(delayed(&world).count().await.unwrap(), 0);
    assert_eq!(world.raw.list("queue:mail").await.len(), 3000);
}

#[tokio::test]
async fn resque_schedulers_items_wait_for_its_master() {
    let world = World::new().await;
    push(&world, &[plain(1, 1), odd(2, 1500)]).await;
    world.raw.on("SET", &lock(&world), &[b"rubyhost:77"]).await;
    let ours = promote(&world, 5).await;
    assert_eq!((ours.moved, ours.standby, ours.next_due), (1, true, None));
    assert_eq!(world.raw.list("delayed:1795215626").await.len(), 1);
    delayed(&world).resign("web1:4711").await.unwrap();
    assert_eq!(
        world.raw.get(&lock(&world)).await.as_deref(),
        Some("rubyhost:77")
    );
    world.raw.on("DEL", &lock(&world), &[]).await;
    let rest = promote(&world, 5).await;
    assert_eq!((rest.moved, rest.standby), (1, false));
}

#[tokio::test]
async fn the_lock_is_held_while_there_is_more_and_given_back_with_the_last() {
    let world = World::new().await;
    push(&world, &[plain(1, 1), plain(2, 1)]).await;
    let first = delayed(&world)
        .promote("web1:4711", at(5), 1)
        .await
        .unwrap();
    assert_eq!(first.moved, 1);
    assert_eq!(
        world.raw.get(&lock(&world)).await.as_deref(),
        Some("web1:4711")
    );
    let ttl = world
        .raw
        .on("TTL", &lock(&world), &[])
        .await
        .as_int()
        .unwrap();
    assert!((1..=15).contains(&ttl), "{ttl}");
    let other = delayed(&world)
        .promote("web2:4711", at(5), 1)
        .await
        .unwrap();
    assert_eq!((other.moved, other.standby), (0, true));
    delayed(&world).resign("web2:4711").await.unwrap();
    assert!(
        world.raw.exists(&lock(&world)).await,
        "only its holder gives it up"
    );
    assert_eq!(promote(&world, 5).await.moved, 1);
    assert!(
        !world.raw.exists(&lock(&world)).await,
        "Ruby's scheduler can be the master again"
    );
}

#[tokio::test]
async fn resigning_gives_the_lock_up_at_once() {
    let world = World::new().await;
    push(&world, &[plain(1, 1), plain(2, 1)]).await;
    delayed(&world)
        .promote("web1:4711", at(5), 1)
        .await
        .unwrap();
    delayed(&world).resign("web1:4711").await.unwrap();
    assert!(!world.raw.exists(&lock(&world)).await);
    assert_eq!(
        delayed(&world)
            .promote("web2:4711", at(5), 9)
            .await
            .unwrap()
            .moved,
        1
    );
}

#[tokio::test]
async fn poison_is_set_aside_with_its_bytes_and_stops_nothing() {
    let world = World::new().await;
    let second = "1795215626";
    let poison = [
        "{oops",
        "null",
        "[1]",
        "",
        r#"{"args":[1],"queue":"mail"}"#,
        r#"{"class":"A","args":[1]}"#,
        r#"{"class":"A","args":[2],"queue":"a,b"}"#,
    ];
    for text in poison {
        item(&world, second, text).await;
    }
    item(&world, second, r#"{"class":"A","args":[7],"queue":"mail"}"#).await;
    let promotion = promote(&world, 5).await;
    assert_eq!((promotion.moved, promotion.next_due), (1, None));
    assert_eq!(promotion.troubles.len(), poison.len());
    assert_eq!(
        world.raw.list("queue:mail").await,
        [r#"{"class":"A","args":[7]}"#]
    );
    let mut kept: Vec<String> = failed(&world)
        .await
        .iter()
        .map(|record| record.payload.to_text_lossy().into_owned())
        .collect();
    kept.sort();
    let mut expected: Vec<&str> = poison[..6].to_vec();
    expected.push(r#"{"class":"A","args":[2]}"#);
    expected.sort_unstable();
    assert_eq!(kept, expected);
    let keys = world
        .backend
        .queues()
        .keyspace()
        .unwrap()
        .keys()
        .await
        .unwrap();
    assert!(
        !keys
            .iter()
            .any(|key| key.starts_with("delayed") || key.starts_with("timestamps")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn items_of_any_scheduler_become_plain_jobs() {
    let world = World::new().await;
    for (text, pushed) in [
        (
            r#"{"class":"A","queue":"mail","args":[1.50]}"#,
            r#"{"class":"A","args":[1.50]}"#,
        ),
        (
            r#"{"class":"A","args":{"a":1},"queue":"mail"}"#,
            r#"{"class":"A","args":[{"a":1}]}"#,
        ),
        (
            r#"{"class":"A","args":"x","queue":"mail"}"#,
            r#"{"class":"A","args":["x"]}"#,
        ),
        (
            r#"{"class":"A","args":null,"queue":"mail"}"#,
            r#"{"class":"A","args":[]}"#,
        ),
    ] {
        item(&world, "1795215626", text).await;
        assert_eq!(promote(&world, 5).await.moved, 1, "{text}");
        assert_eq!(
            texts(world.raw.on("LRANGE", "queue:mail", &[b"-1", b"-1"]).await),
            [pushed]
        );
    }
}

#[tokio::test]
async fn seconds_without_items_are_cleaned() {
    let world = World::new().await;
    for second in ["1795215626", "1795215627", "1795215700"] {
        world
            .raw
            .on(
                "ZADD",
                "delayed_queue_schedule",
                &[second.as_bytes(), second.as_bytes()],
            )
            .await;
    }
    assert_eq!(promote(&world, 5).await.moved, 0);
    let left = world
        .raw
        .on("ZRANGE", "delayed_queue_schedule", &[b"0", b"-1"])
        .await;
    assert_eq!(texts(left), ["1795215700"]);
}

#[tokio::test]
async fn an_item_is_promoted_once_by_many() {
    let world = World::new().await;
    let jobs: Vec<_> = (0..1000)
        .map(|n| if n % 2 == 0 { odd(n, 100) } else { plain(n, 1) })
        .collect();
    push(&world, &jobs).await;
    let twins = futures::future::join_all((0..4).map(|_| world.backend.connect_again())).await;
    let twins: Vec<_> = twins.into_iter().map(Result::unwrap).collect();
    let promotions = twins.iter().enumerate().map(async |(number, twin)| {
        let (holder, mut moved) = (format!("web:{number}"), 0);
        for _ in 0..200 {
            let delayed = twin.queues().delayed().unwrap();
            moved += delayed.promote(&holder, at(5), 7).await.unwrap().moved;
        }
        moved
    });
    let moved: usize = futures::future::join_all(promotions)
        .await
        .into_iter()
        .sum();
    assert_eq!(moved, 1000);
    let mut queue = world.raw.list("queue:mail").await;
    queue.sort();
    queue.dedup();
    assert_eq!(queue.len(), 1000);
}

#[tokio::test]
async fn an_item_pushed_meanwhile_is_never_lost() {
    let world = World::new().await;
    let promoting = async {
        let mut moved = 0;
        while moved < 300 {
            moved += delayed(&world)
                .promote("h:1", at(5), 3)
                .await
                .unwrap()
                .moved;
        }
    };
    let pushing = async {
        for number in 0..300 {
            push(&world, &[plain(number, 1)]).await;
        }
    };
    futures::join!(promoting, pushing);
    assert_eq!(
        world.raw.list("queue:mail").await,
        (0..300).map(job).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn both_kinds_are_listed_in_order_page_by_page() {
    let world = World::new().await;
    let mut jobs = Vec::new();
    for n in 0..40_u64 {
        jobs.push(if n % 2 == 0 {
            odd(n as usize, 500 * (n / 4))
        } else {
            plain(n as usize, n / 8)
        });
    }
    push(&world, &jobs).await;
    let whole = list_all(&world, 1000).await;
    assert_eq!(whole.len(), 40);
    assert!(whole.is_sorted_by_key(|job| job.due));
    for at_once in [1, 3, 7] {
        assert_eq!(list_all(&world, at_once).await, whole);
    }
}

#[tokio::test]
async fn a_page_that_was_emptied_meanwhile_skips_nothing() {
    let world = World::new().await;
    let jobs: Vec<_> = (0..20)
        .map(|n| {
            if n % 2 == 0 {
                odd(n, 1000)
            } else {
                plain(n, 1)
            }
        })
        .collect();
    push(&world, &jobs).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = delayed(&world).list(cursor.as_ref(), 3).await.unwrap();
        let edits: Vec<_> = page
            .jobs
            .iter()
            .map(|job| DelayedEdit {
                id: job.id.clone(),
                to: DelayedTo::Nowhere,
            })
            .collect();
        for result in delayed(&world).edit(&edits).await.unwrap() {
            result.unwrap();
        }
        seen.extend(
            page.jobs
                .into_iter()
                .map(|job| job.payload.to_text_lossy().into_owned()),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    let mut expected: Vec<_> = jobs
        .iter()
        .map(|job| job.payload.to_text_lossy().into_owned())
        .collect();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(delayed(&world).count().await.unwrap(), 0);
}

#[tokio::test]
async fn jobs_of_both_kinds_are_cancelled_moved_and_put_off() {
    let world = World::new().await;
    push(&world, &[plain(1, 50), odd(2, 50_000)]).await;
    let to = |job: &DelayedJob, to| DelayedEdit {
        id: job.id.clone(),
        to,
    };
    for due in [at(60), at(70) + Duration::from_millis(1), at(80)] {
        let jobs = list_all(&world, 9).await;
        let edits: Vec<_> = jobs.iter().map(|job| to(job, DelayedTo::At(due))).collect();
        for result in delayed(&world).edit(&edits).await.unwrap() {
            result.unwrap();
        }
        let moved = list_all(&world, 9).await;
        assert!(moved.iter().all(|job| job.due == due), "{moved:?}");
        assert_eq!(moved.len(), 2);
    }
    let jobs = list_all(&world, 9).await;
    let results = delayed(&world)
        .edit(&[
            to(&jobs[0], DelayedTo::Queue),
            to(&jobs[1], DelayedTo::Nowhere),
        ])
        .await
        .unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(world.raw.list("queue:mail").await.len(), 1);
    for result in delayed(&world)
        .edit(&[
            to(&jobs[0], DelayedTo::Queue),
            to(&jobs[1], DelayedTo::Nowhere),
        ])
        .await
        .unwrap()
    {
        assert!(
            matches!(result, Err(resque_core::Error::Conflict { .. })),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn a_wiped_store_of_payloads_leaves_due_times_that_vanish() {
    let world = World::new().await;
    push(&world, &[odd(1, 100)]).await;
    world.raw.on("DEL", "rs:delayed:jobs", &[]).await;
    let promotion = promote(&world, 5).await;
    assert_eq!((promotion.moved, promotion.next_due), (0, None));
    assert!(!world.raw.exists("rs:delayed").await);
}

#[tokio::test]
async fn far_times_wait_in_our_own_set() {
    let world = World::new().await;
    let far = at(0) + Duration::from_secs(1 << 40);
    push(&world, &[Enqueue::at(name("mail"), job(1), far)]).await;
    assert_eq!(list_all(&world, 9).await[0].due, far);
    let score = world
        .raw
        .on("ZSCORE", "rs:delayed", &[b"0000000000000001"])
        .await;
    assert!(text(score).is_some());
}
