//! Delayed jobs in resque-scheduler's keys.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque::NewJob;
use serde::Serialize;

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

#[tokio::test]
async fn s05_transfer() {
    let golden = Golden::open("s05_transfer").await;
    let batch: Vec<resque::Enqueue> = [1, 2, 2]
        .map(|n| {
            let payload = format!(r#"{{"class":"Archive","args":[{n}]}}"#);
            resque::Enqueue::at("file_serve".parse().unwrap(), payload, at(1_700_000_000))
        })
        .into();
    let queues = golden.backend.queues();
    queues.push(&batch).await.unwrap();
    let moved = queues
        .delayed()
        .unwrap()
        .promote("localhost:8539", now(), 1_000)
        .await
        .unwrap();
    assert_eq!(moved.moved, 3);
    golden.check().await;
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
