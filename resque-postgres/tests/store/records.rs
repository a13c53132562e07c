//! Failure records that a text column cannot hold as they are.

use std::slice::from_ref;

use resque_core::{
    Error, FailureContent, FailureQuery, FailureRecord, FailureRetry, Payload, Settlement,
};

use crate::support::{World, given};

fn strange(world: &World) -> FailureRecord {
    let payload = Payload::from(b"\0\xff{".to_vec());
    FailureRecord::new(world.now, payload, "E\0r\\0r", "a\0b\\c\"d")
        .on("host:1:\u{1}*", "q\0\\")
        .backtrace(vec![
            "{\"x\", \0}".into(),
            String::new(),
            "NULL".into(),
            "a\nb".into(),
        ])
}

#[tokio::test]
async fn every_text_comes_back_and_plain_ones_are_readable() {
    let world = World::new().await;
    let plain = FailureRecord::new(world.now, Payload::from("{}"), "Err", r"C:\dir").on("w", "q");
    let records = [strange(&world), plain];
    let failures = world.backend.failures();
    failures.record(&records).await.unwrap();
    let mut query = FailureQuery::default();
    query.order = resque_core::FailureOrder::OldestFirst;
    let page = failures.list(&query).await.unwrap();
    for (entry, record) in page.entries.iter().zip(&records) {
        let content = FailureContent::Record(Box::new(record.clone()));
        assert_eq!(entry.content, content);
    }
    assert_eq!(page.entries.len(), 2);
    let readable = r"select count(*) from resque.failures where error = 'C:\dir'";
    assert_eq!(world.raw().await.number(readable).await, 1);
}

#[tokio::test]
async fn a_settlement_records_such_a_failure_too() {
    let world = World::new().await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let receipt = world
        .exchange(&[], from_ref(&slot), "q")
        .await
        .reserved
        .remove(0)
        .receipt;
    let record = strange(&world);
    world
        .exchange(&[Settlement::failed(receipt, record.clone())], &[], "q")
        .await;
    let failures = world.backend.failures();
    let page = failures.list(&FailureQuery::default()).await.unwrap();
    let id = page.entries[0].id.clone();
    assert_eq!(page.entries[0].content.record(), Some(&record));
    // No queue can have that name, so the job needs another one.
    let retry = FailureRetry::new(id);
    let answers = failures.retry(from_ref(&retry), world.now).await.unwrap();
    assert!(
        matches!(answers[..], [Err(Error::InvalidQueueName { .. })]),
        "{answers:?}"
    );
    let retry = retry.into_queue("r".parse().unwrap());
    failures
        .retry(&[retry], world.now)
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(given(&world.exchange(&[], &[slot], "r").await).len(), 1);
}

#[tokio::test]
async fn a_queue_is_counted_and_cleared_by_its_name_whatever_the_errors_say() {
    let world = World::new().await;
    let failures = world.backend.failures();
    for queue in [r"a\b", "nul\0", "one\u{1}"] {
        let record =
            |error| FailureRecord::new(world.now, Payload::from("{}"), "E", error).on("w", queue);
        let records = [record("plain"), record("n\0l"), record(r"b\ck")];
        failures.record(&records).await.unwrap();
        assert_eq!(failures.count(Some(queue)).await.unwrap(), 3, "{queue:?}");
    }
    assert_eq!(failures.clear(Some(r"a\b")).await.unwrap(), 3);
    assert_eq!(failures.clear(Some("nul\0")).await.unwrap(), 3);
    assert_eq!(failures.count(None).await.unwrap(), 3);
}

#[tokio::test]
async fn counts_are_right_however_their_shares_are_added_up() {
    let world = World::new().await;
    let failures = world.backend.failures();
    let record =
        |queue: &str| FailureRecord::new(world.now, Payload::from("{}"), "E", "e").on("", queue);
    for number in 0..150 {
        let queue = if number % 3 == 0 { "a" } else { "b" };
        failures.record(&[record(queue)]).await.unwrap();
    }
    assert_eq!(failures.count(Some("a")).await.unwrap(), 50);
    assert_eq!(failures.clear(Some("b")).await.unwrap(), 100);
    assert_eq!(failures.count(Some("b")).await.unwrap(), 0);
    assert_eq!(failures.count(None).await.unwrap(), 50);
}

#[tokio::test]
async fn shares_are_added_up_to_one_for_each_queue() {
    let world = World::new().await;
    let failures = world.backend.failures();
    let record =
        |queue: &str| FailureRecord::new(world.now, Payload::from("{}"), "E", "e").on("", queue);
    for queue in ["a", "b", "a", "c", "c"] {
        failures.record(&[record(queue)]).await.unwrap();
    }
    failures.clear(Some("b")).await.unwrap();
    let mut raw = world.raw().await;
    // What somebody else is about to add up is left to him.
    let mut other = world.raw().await;
    other
        .run("begin; select from resque.failure_counts where queue = 'c' for update")
        .await;
    raw.run("select resque.add_up_failures()").await;
    let shares =
        |queue| format!("select count(*) from resque.failure_counts where queue = '{queue}'");
    assert_eq!(raw.number(&shares("a")).await, 1);
    assert_eq!(raw.number(&shares("b")).await, 0);
    other.run("rollback").await;
    raw.run("select resque.add_up_failures()").await;
    assert_eq!(raw.number(&shares("c")).await, 1);
    for (queue, count) in [("a", 2), ("b", 0), ("c", 2)] {
        assert_eq!(failures.count(Some(queue)).await.unwrap(), count, "{queue}");
    }
    // By hand, and past all rows.
    raw.run("truncate resque.failures").await;
    assert_eq!(failures.count(None).await.unwrap(), 0);
}
