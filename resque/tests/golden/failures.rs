//! Failures: both layouts, listed, retried, removed.

use resque::{FailureFilter, FailureId};
use serde_json::json;

use crate::harness::Golden;

/// Three jobs failed in the recordings: two of the queue q0, one of q1.
async fn three(golden: &Golden) {
    golden.failed(0, "Archive", "q0").await;
    golden.failed(1, "Noargs", "q1").await;
    golden.failed(2, "Archive", "q0").await;
}

/// The id of the record that was made as the nth.
async fn id(golden: &Golden, n: usize) -> FailureId {
    let entries = golden.client.failures().unwrap().all(0, 10).await.unwrap();
    let error = format!("e{n}");
    let entry = entries.into_iter().find(|entry| {
        entry
            .content
            .record()
            .is_some_and(|record| record.error == error)
    });
    entry.unwrap().id
}

fn of_queue(queue: &str) -> FailureFilter {
    let mut filter = FailureFilter::default();
    filter.queue = Some(queue.to_owned());
    filter
}

#[tokio::test]
async fn s14_failure_list_ops() {
    let golden = Golden::open("14_failure_list_ops").await;
    three(&golden).await;
    let failures = golden.client.failures().unwrap();
    assert_eq!(json!(failures.count().await.unwrap()), golden.note("count"));
    let mut archives = FailureFilter::default();
    archives.class = Some("Archive".to_owned());
    assert_eq!(
        json!(failures.count_where(&archives).await.unwrap()),
        golden.note("count_class")
    );
    golden.check().await;
}

#[tokio::test]
async fn s15_failure_requeue() {
    let golden = Golden::open("15_failure_requeue").await;
    golden.failed(0, "Archive", "q0").await;
    golden.failed(1, "Noargs", "q1").await;
    golden
        .client
        .failures()
        .unwrap()
        .retry(&id(&golden, 0).await)
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s15b_failure_requeue_all() {
    let golden = Golden::open("15b_failure_requeue_all").await;
    three(&golden).await;
    assert_eq!(
        golden.client.failures().unwrap().retry_all().await.unwrap(),
        3
    );
    golden.check().await;
}

#[tokio::test]
async fn s15c_failure_requeue_queue() {
    let golden = Golden::open("15c_failure_requeue_queue").await;
    three(&golden).await;
    assert_eq!(
        golden
            .client
            .failures()
            .unwrap()
            .retry_queue("q0")
            .await
            .unwrap(),
        2
    );
    golden.check().await;
}

#[tokio::test]
async fn s16_failure_remove() {
    let golden = Golden::open("16_failure_remove").await;
    three(&golden).await;
    golden
        .client
        .failures()
        .unwrap()
        .remove(&id(&golden, 1).await)
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s16b_failure_remove_queue() {
    let golden = Golden::open("16b_failure_remove_queue").await;
    three(&golden).await;
    golden.failed(3, "Noargs", "q1").await;
    assert_eq!(
        golden
            .client
            .failures()
            .unwrap()
            .remove_where(&of_queue("q0"))
            .await
            .unwrap(),
        2
    );
    golden.check().await;
}

#[tokio::test]
async fn s16c_failure_clear() {
    let golden = Golden::open("16c_failure_clear").await;
    three(&golden).await;
    golden
        .client
        .stats()
        .unwrap()
        .set("failed", 3)
        .await
        .unwrap();
    assert_eq!(golden.client.failures().unwrap().clear().await.unwrap(), 3);
    golden.check().await;
}

#[tokio::test]
async fn s16d_failure_clear_retried() {
    let golden = Golden::open("16d_failure_clear_retried").await;
    three(&golden).await;
    golden.failed(3, "Noargs", "q1").await;
    let failures = golden.client.failures().unwrap();
    failures.retry(&id(&golden, 0).await).await.unwrap();
    failures.retry(&id(&golden, 2).await).await.unwrap();
    assert_eq!(failures.clear_retried().await.unwrap(), 2);
    golden.check().await;
}

#[tokio::test]
async fn s17_multi_queue_failure() {
    let golden = Golden::with_multi_queue("17_multi_queue_failure").await;
    three(&golden).await;
    let failures = golden.client.failures().unwrap();
    assert_eq!(
        json!(failures.count().await.unwrap()),
        golden.note("count_all")
    );
    golden.check().await;
}

#[tokio::test]
async fn s17c_multi_queue_requeue() {
    let golden = Golden::with_multi_queue("17c_multi_queue_requeue").await;
    three(&golden).await;
    golden
        .client
        .failures()
        .unwrap()
        .retry(&id(&golden, 0).await)
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s17e_multi_queue_requeue_all() {
    let golden = Golden::with_multi_queue("17e_multi_queue_requeue_all").await;
    three(&golden).await;
    assert_eq!(
        golden.client.failures().unwrap().retry_all().await.unwrap(),
        3
    );
    golden.check().await;
}

#[tokio::test]
async fn s17f_multi_queue_remove() {
    let golden = Golden::with_multi_queue("17f_multi_queue_remove").await;
    three(&golden).await;
    golden
        .client
        .failures()
        .unwrap()
        .remove(&id(&golden, 0).await)
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s17g_multi_queue_remove_queue() {
    let golden = Golden::with_multi_queue("17g_multi_queue_remove_queue").await;
    three(&golden).await;
    assert_eq!(
        golden
            .client
            .failures()
            .unwrap()
            .remove_queue("q0")
            .await
            .unwrap(),
        2
    );
    golden.check().await;
}

#[tokio::test]
async fn s17h_multi_queue_clear() {
    let golden = Golden::with_multi_queue("17h_multi_queue_clear").await;
    three(&golden).await;
    assert_eq!(golden.client.failures().unwrap().clear().await.unwrap(), 3);
    golden.check().await;
}
