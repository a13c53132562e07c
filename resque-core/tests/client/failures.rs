use std::time::{Duration, UNIX_EPOCH};

use futures::FutureExt;
use resque_core::testing::Operation;
use resque_core::{
    Client, Error, FailureContent, FailureEntry, FailureFilter, FailureRecord, FailureRetry,
    MassRemove, Page, QueueName,
};

use crate::support::{client, client_with_interruptions, texts};

/// Records `count` failures with the arguments 0, 1, 2 …, of two classes and two queues in turn.
async fn with_failures(count: u64) -> Client {
    let client = client();
    for n in 0..count {
        let (class, queue) = if n % 2 == 0 {
            ("Even", "left")
        } else {
            ("Odd", "right")
        };
        let payload = format!(r#"{{"class":"{class}","args":[{n}]}}"#);
        let at = UNIX_EPOCH + Duration::from_secs(n);
        let record = FailureRecord::new(at, payload.into(), "RuntimeError", format!("err {n}"))
            .on("host:1:*", queue);
        client.failures().unwrap().record(record).await.unwrap();
    }
    client
}

fn errors(entries: &[FailureEntry]) -> Vec<String> {
    let error = |entry: &FailureEntry| match &entry.content {
        FailureContent::Record(record) => record.error.clone(),
        FailureContent::Unreadable(_) => "unreadable".to_owned(),
    };
    entries.iter().map(error).collect()
}

#[tokio::test]
async fn records_are_counted_and_read_from_the_oldest() {
    let client = with_failures(5).await;
    let failures = client.failures().unwrap();
    assert_eq!(failures.count().await.unwrap(), 5);
    assert_eq!(
        errors(&failures.all(0, 2).await.unwrap()),
        ["err 0", "err 1"]
    );
    assert_eq!(
        errors(&failures.all(3, 9).await.unwrap()),
        ["err 3", "err 4"]
    );
    assert_eq!(errors(&failures.all(0, 0).await.unwrap()), [""; 0]);
    let filter = FailureFilter::default().class("Even");
    assert_eq!(failures.count_where(&filter).await.unwrap(), 3);
}

#[tokio::test]
async fn a_retry_puts_the_bytes_back_and_marks_or_removes_the_record() {
    let client = with_failures(2).await;
    let failures = client.failures().unwrap();
    let entries = failures.all(0, 2).await.unwrap();
    failures.retry(&entries[0].id).await.unwrap();
    assert_eq!(
        texts(&client, "left").await,
        [r#"{"class":"Even","args":[0]}"#]
    );
    let record = failures.all(0, 1).await.unwrap().remove(0);
    assert!(record.content.record().unwrap().retried_at.is_some());
    let elsewhere = FailureRetry::new(entries[1].id.clone())
        .into_queue(QueueName::new("elsewhere").unwrap())
        .and_remove();
    failures.retry_as(elsewhere).await.unwrap();
    assert_eq!(
        texts(&client, "elsewhere").await,
        [r#"{"class":"Odd","args":[1]}"#]
    );
    let gone = failures.retry(&entries[1].id).await.unwrap_err();
    assert!(matches!(gone, Error::Conflict { .. }), "{gone}");
    assert_eq!(failures.clear_retried().await.unwrap(), 1);
    assert_eq!(failures.count().await.unwrap(), 0);
}

#[tokio::test]
async fn all_or_those_of_a_queue_are_put_back_also_a_second_time() {
    let client = with_failures(2_501).await;
    let failures = client.failures().unwrap();
    assert_eq!(failures.retry_queue("right").await.unwrap(), 1_250);
    assert_eq!(failures.retry_all().await.unwrap(), 2_501);
    assert_eq!(client.size("right").await.unwrap(), 2_500);
    let left = client.peek("left", Page::ALL).await.unwrap();
    let order: Vec<(u64,)> = left.iter().map(|job| job.args().unwrap()).collect();
    assert!(order.is_sorted() && order.len() == 1_251);
    assert_eq!(failures.count().await.unwrap(), 2_501);
}

#[tokio::test]
async fn records_are_removed_one_by_one_by_queue_and_all() {
    let client = with_failures(6).await;
    let failures = client.failures().unwrap();
    let first = failures.all(0, 1).await.unwrap().remove(0);
    failures.remove(&first.id).await.unwrap();
    assert!(failures.remove(&first.id).await.is_err());
    assert_eq!(failures.remove_queue("right").await.unwrap(), 3);
    assert_eq!(
        errors(&failures.all(0, 9).await.unwrap()),
        ["err 2", "err 4"]
    );
    assert_eq!(failures.clear().await.unwrap(), 2);
}

#[tokio::test]
async fn mass_removal_drops_or_requeues_what_matches_oldest_first() {
    let client = with_failures(10).await;
    let failures = client.failures().unwrap();
    let removed = MassRemove::new()
        .queue("left")
        .when(|record| record.error != "err 0")
        .limit(2)
        .run(&failures);
    assert_eq!(removed.await.unwrap(), 2);
    assert_eq!(
        errors(&failures.all(0, 9).await.unwrap()),
        [
            "err 0", "err 1", "err 3", "err 5", "err 6", "err 7", "err 8", "err 9"
        ]
    );
    let requeued = MassRemove::new()
        .class("Odd")
        .limit(1)
        .requeue()
        .run(&failures);
    assert_eq!(requeued.await.unwrap(), 1);
    assert_eq!(
        texts(&client, "right").await,
        [r#"{"class":"Odd","args":[1]}"#]
    );
    let moved = MassRemove::new()
        .when(|record| record.payload.to_text_lossy().contains("[9]"))
        .requeue_to("elsewhere")
        .unwrap()
        .run(&failures);
    assert_eq!(moved.await.unwrap(), 1);
    assert_eq!(
        texts(&client, "elsewhere").await,
        [r#"{"class":"Odd","args":[9]}"#]
    );
    assert_eq!(MassRemove::new().limit(0).run(&failures).await.unwrap(), 0);
    assert_eq!(MassRemove::new().run(&failures).await.unwrap(), 6);
}

#[tokio::test]
async fn records_that_go_meanwhile_are_not_counted() {
    for (operation, retry) in [(Operation::Retry, true), (Operation::RemoveFailures, false)] {
        let (client, between) = client_with_interruptions();
        let failures = client.failures().unwrap();
        for n in 0..3 {
            let record = FailureRecord::new(UNIX_EPOCH, "{}".into(), "E", n.to_string());
            failures.record(record.on("w", "q")).await.unwrap();
        }
        let first = failures.all(0, 1).await.unwrap().remove(0).id;
        between.when(operation, 1, move |store| {
            let removed = store
                .failures()
                .remove(std::slice::from_ref(&first))
                .now_or_never();
            assert!(removed.unwrap().unwrap()[0].is_ok());
        });
        let done = match retry {
            true => failures.retry_all().await,
            false => failures.remove_queue("q").await,
        };
        assert_eq!(done.unwrap(), 2, "{operation}");
    }
}
