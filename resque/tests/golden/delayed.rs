//! Delayed jobs in resque-scheduler's keys.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::AsyncCommands;
use resque::{DelayedJob, Error, Hooks, NewJob};
use serde::Serialize;
use serde_json::json;

use crate::harness::{Golden, now};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

async fn enqueue_at<A: Serialize>(
    golden: &Golden,
    due: u64,
    queue: &str,
    class: &'static str,
    args: A,
) {
    let job = NewJob::raw(class, &args).to(queue).at(at(due));
    assert!(golden.client.submit(job).await.unwrap().is_taken());
}

#[tokio::test]
async fn s01_enqueue_at() {
    let golden = Golden::open("s01_enqueue_at").await;
    enqueue_at(
        &golden,
        4_102_444_800,
        "file_serve",
        "Archive",
        (44, "masterbrew"),
    )
    .await;
    enqueue_at(&golden, 4_102_444_800, "file_serve", "Archive", (45,)).await;
    enqueue_at(&golden, 4_102_444_800, "file_serve", "Archive", (45,)).await;
    enqueue_at(&golden, 4_102_444_801, "file_serve", "Noargs", ()).await;
    enqueue_at(&golden, 4_102_444_802, "file_serve", "Noargs", ()).await;
    golden.check().await;
}

#[tokio::test]
async fn s03_enqueue_at_past() {
    let golden = Golden::open("s03_enqueue_at_past").await;
    enqueue_at(&golden, 1_000_000_000, "file_serve", "Archive", (1,)).await;
    let job = NewJob::raw("Archive", &(2,))
        .to("file_serve")
        .after(Duration::ZERO);
    assert!(golden.client.submit(job).await.unwrap().is_taken());
    golden.check().await;
}

/// Moves what is due at this moment, at most so many at a time, until there is no more.
async fn promote(golden: &Golden, at_most: usize) -> (usize, Vec<Error>) {
    let queues = golden.backend.queues();
    let (mut moved, mut troubles) = (0, Vec::new());
    loop {
        let promotion = queues.delayed().unwrap();
        let promotion = promotion.promote("localhost:8539", now(), at_most).await;
        let promotion = promotion.unwrap();
        moved += promotion.moved;
        let trouble = promotion.troubles.len();
        troubles.extend(promotion.troubles);
        if promotion.moved + trouble == 0 {
            return (moved, troubles);
        }
    }
}

/// Puts an item into the keys of resque-scheduler, past ours.
async fn item(golden: &mut Golden, second: &str, item: &str) {
    let bucket = format!("delayed:{second}");
    redis::pipe()
        .rpush(format!("resque:{bucket}"), item)
        .sadd(format!("resque:timestamps:{item}"), bucket)
        .zadd("resque:delayed_queue_schedule", second, second)
        .query_async::<()>(&mut golden.raw)
        .await
        .unwrap();
}

async fn all(golden: &Golden) -> Vec<DelayedJob> {
    let delayed = golden.client.delayed().unwrap();
    delayed.page(None, 100).await.unwrap().jobs
}

#[tokio::test]
async fn s02_enqueue_at_with_queue() {
    let golden = Golden::open("s02_enqueue_at_with_queue").await;
    enqueue_at(&golden, 4_102_444_800, "special", "Archive", (1,)).await;
    // Past the client, which would not delay these any more.
    let batch = [("file_serve", 2), ("other", 3)].map(|(queue, n)| {
        let payload = format!(r#"{{"class":"Archive","args":[{n}]}}"#);
        resque::Enqueue::at(queue.parse().unwrap(), payload, at(1_795_220_472))
    });
    golden.backend.queues().push(&batch).await.unwrap();
    golden.check().await;
}

/// The hooks of our client run when a job is put in, delayed or not, and not again when its time
/// has come: whoever moves it need not know its class.
#[tokio::test]
async fn s04_hooks() {
    let golden = Golden::open("s04_hooks").await;
    let hooks = Hooks::new().before_enqueue("before_schedule_a", |job| async move {
        Ok(job.args_json() != Some("[false]"))
    });
    let client = golden.client.with_hooks(hooks);
    let job = |args: bool| {
        NewJob::raw("SchedHooks", &(args,))
            .to("sh")
            .at(at(4_102_444_800))
    };
    assert!(!client.submit(job(false)).await.unwrap().is_taken());
    let job = NewJob::raw("SchedHooks", &(1,))
        .to("sh")
        .at(at(4_102_444_800));
    assert!(client.submit(job).await.unwrap().is_taken());
    let queues = golden.backend.queues();
    let delayed = queues.delayed().unwrap();
    delayed
        .promote("localhost:8539", at(4_102_444_800), 100)
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s05_transfer() {
    let golden = Golden::open("s05_transfer").await;
    let batch: Vec<resque::Enqueue> = [1, 2, 2]
        .map(|n| {
            let payload = format!(r#"{{"class":"Archive","args":[{n}]}}"#);
            resque::Enqueue::at("file_serve".parse().unwrap(), payload, at(1_700_000_000))
        })
        .into();
    golden.backend.queues().push(&batch).await.unwrap();
    assert_eq!(promote(&golden, 1_000).await.0, 3);
    golden.check().await;
}

#[tokio::test]
async fn s05_transfer_of_items() {
    let archive = |n: usize| format!(r#"{{"class":"Archive","args":[{n}],"queue":"file_serve"}}"#);
    let gone = r#"{"class":"Gone::Klass","args":[1],"queue":"gq"}"#.to_owned();
    let nowhere = r#"{"class":"Gone::Klass","args":[1]}"#.to_owned();
    for (name, items, moved, troubles) in [
        ("s05b_transfer_unknown_class", vec![gone], 1, 0),
        ("s05c_transfer_no_queue", vec![nowhere], 0, 1),
        ("s05d_transfer_batches", (0..5).map(archive).collect(), 5, 0),
        (
            "s05e_transfer_invalid_json",
            vec!["{oops".to_owned(), archive(1)],
            1,
            1,
        ),
    ] {
        let mut golden = Golden::open(name).await;
        for text in items {
            item(&mut golden, "1700000000", &text).await;
        }
        let (done, told) = promote(&golden, 2).await;
        assert_eq!((done, told.len()), (moved, troubles), "{name}: {told:?}");
        golden.check().await;
    }
}

#[tokio::test]
async fn s06_remove_delayed() {
    let golden = Golden::open("s06_remove_delayed").await;
    for (due, n) in [(0, 1), (0, 1), (5, 1), (0, 2)] {
        enqueue_at(&golden, 4_102_444_800 + due, "file_serve", "Archive", (n,)).await;
    }
    let delayed = golden.client.delayed().unwrap();
    let jobs = delayed.of_raw("Archive", &(1,)).await.unwrap();
    assert_eq!(delayed.cancel_all(&jobs).await.unwrap(), 3);
    golden.check().await;
}

#[tokio::test]
async fn s06b_remove_from_timestamp() {
    let golden = Golden::open("s06b_remove_from_timestamp").await;
    for due in [0, 5] {
        enqueue_at(&golden, 4_102_444_800 + due, "file_serve", "Archive", (1,)).await;
    }
    let first = all(&golden).await.remove(0);
    let delayed = golden.client.delayed().unwrap();
    delayed.cancel(&first.id).await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s06c_remove_selection() {
    let golden = Golden::open("s06c_remove_selection").await;
    enqueue_at(&golden, 4_102_444_800, "file_serve", "Archive", (1,)).await;
    enqueue_at(&golden, 4_102_444_805, "file_serve", "Archive", (2,)).await;
    enqueue_at(&golden, 4_102_444_805, "file_serve", "Noargs", ()).await;
    let delayed = golden.client.delayed().unwrap();
    let says = |job: &DelayedJob, text: &str| job.payload.to_text_lossy().contains(text);
    let found = delayed.find(|job| says(job, "Archive")).await.unwrap();
    assert_eq!(
        json!(found.len()),
        json!(golden.note("find").as_array().unwrap().len())
    );
    let ones = delayed.find(|job| says(job, "[1]")).await.unwrap();
    let removed = delayed.cancel_all(&ones).await.unwrap();
    assert_eq!(json!(removed), golden.note("remove"));
    let twos = delayed.find(|job| says(job, "[2]")).await.unwrap();
    let enqueued = delayed.enqueue_all_now(&twos).await.unwrap();
    assert_eq!(json!(enqueued), golden.note("enqueue"));
    golden.check().await;
}

#[tokio::test]
async fn s06d_enqueue_delayed() {
    let golden = Golden::open("s06d_enqueue_delayed").await;
    for due in [0, 9] {
        enqueue_at(&golden, 4_102_444_800 + due, "file_serve", "Archive", (1,)).await;
    }
    let delayed = golden.client.delayed().unwrap();
    let jobs = delayed.of_raw("Archive", &(1,)).await.unwrap();
    assert_eq!(delayed.enqueue_all_now(&jobs).await.unwrap(), 2);
    golden.check().await;
}

#[tokio::test]
async fn s06e_delay_or_enqueue_at() {
    let golden = Golden::open("s06e_delay_or_enqueue_at").await;
    enqueue_at(&golden, 4_102_444_800, "file_serve", "Archive", (1,)).await;
    let delayed = golden.client.delayed().unwrap();
    let jobs = delayed.of_raw("Archive", &(1,)).await.unwrap();
    delayed
        .postpone(&jobs[0].id, at(4_102_444_860))
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s07_queries() {
    let mut golden = Golden::open("s07_queries").await;
    for (due, n) in [(0, 1), (0, 2), (7, 1)] {
        enqueue_at(&golden, 4_102_444_800 + due, "file_serve", "Archive", (n,)).await;
    }
    // A second whose jobs have gone.
    let seconds = "resque:delayed_queue_schedule";
    let gone = 1_700_000_000;
    golden
        .raw
        .zadd::<_, _, _, ()>(seconds, gone, gone)
        .await
        .unwrap();
    let delayed = golden.client.delayed().unwrap();
    assert_eq!(
        json!(delayed.count().await.unwrap()),
        golden.note("count_all")
    );
    let due =
        |jobs: Vec<DelayedJob>| -> Vec<SystemTime> { jobs.iter().map(|job| job.due).collect() };
    let ones = due(delayed.of_raw("Archive", &(1,)).await.unwrap());
    assert_eq!(ones, [at(4_102_444_800), at(4_102_444_807)]);
    assert!(delayed.of_raw("Archive", &(3,)).await.unwrap().is_empty());
    assert_eq!(
        delayed.next().await.unwrap().unwrap().due,
        at(4_102_444_800)
    );
    golden.check().await;
}

#[tokio::test]
async fn s08_reset_delayed_queue() {
    let golden = Golden::open("s08_reset_delayed_queue").await;
    for (due, n) in [(0, 1), (7, 2)] {
        enqueue_at(&golden, 4_102_444_800 + due, "file_serve", "Archive", (n,)).await;
    }
    let delayed = golden.client.delayed().unwrap();
    let jobs = delayed.find(|_| true).await.unwrap();
    assert_eq!(delayed.cancel_all(&jobs).await.unwrap(), 2);
    golden.check().await;
}

#[tokio::test]
async fn s09_next_item() {
    let golden = Golden::open("s09_next_item").await;
    for n in [1, 2] {
        enqueue_at(&golden, 4_102_444_800, "file_serve", "Archive", (n,)).await;
    }
    let jobs = all(&golden).await;
    let delayed = golden.client.delayed().unwrap();
    delayed.cancel(&jobs[0].id).await.unwrap();
    delayed.enqueue_now(&jobs[1].id).await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s11_master_lock() {
    let golden = Golden::open("s11_master_lock").await;
    for n in [1, 2] {
        enqueue_at(&golden, 4_102_444_800, "file_serve", "Archive", (n,)).await;
    }
    let mut golden = golden;
    let queues = golden.backend.queues().clone();
    let delayed = queues.delayed().unwrap();
    delayed
        .promote("localhost:8539", at(4_102_444_800), 1)
        .await
        .unwrap();
    let rest = golden.client.delayed().unwrap();
    for job in rest.find(|_| true).await.unwrap() {
        rest.cancel(&job.id).await.unwrap();
    }
    golden.client.remove_queue("file_serve").await.unwrap();
    golden.check_mid().await;
    delayed.resign("localhost:8539").await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s11b_lock_held() {
    let mut golden = Golden::open("s11b_lock_held").await;
    let lock = "resque:resque:resque_scheduler_master_lock";
    golden
        .raw
        .set_ex::<_, _, ()>(lock, "other:1", 180)
        .await
        .unwrap();
    let queues = golden.backend.queues();
    let delayed = queues.delayed().unwrap();
    let promotion = delayed.promote("localhost:8539", now(), 100).await.unwrap();
    assert_eq!(promotion.moved, 0);
    delayed.resign("localhost:8539").await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s14_args_shapes() {
    let golden = Golden::open("s14_args_shapes").await;
    let client = &golden.client;
    client
        .enqueue_raw("q", "Archive", &(json!({"a": 1}),))
        .await
        .unwrap();
    client.enqueue_raw("q", "Archive", &("x",)).await.unwrap();
    client.enqueue_raw("q", "Archive", &()).await.unwrap();
    client.enqueue_raw("q", "Archive", &(1, 2)).await.unwrap();
    client
        .enqueue_raw("q", "Archive", &(json!([1]),))
        .await
        .unwrap();
    golden.check().await;
}

/// Another client pushes to the second that is being moved. Ruby loses that item; ours moves it.
#[tokio::test]
async fn s15_transfer_race() {
    for name in [
        "s15_transfer_race_lost_item",
        "s15b_transfer_race_watch_abort",
    ] {
        let mut golden = Golden::open(name).await;
        for args in ["[1]", r#"["injected"]"#] {
            let text = format!(r#"{{"class":"Archive","args":{args},"queue":"file_serve"}}"#);
            item(&mut golden, "1700000000", &text).await;
        }
        promote(&golden, 1).await;
        golden.check().await;
    }
}
