//! Payloads that are no job, or hardly one.

use resque::{FailureRetry, Payload};

use crate::world::World;

/// What somebody may put into a queue, and what the worker says about it.
const NO_JOBS: &[(&[u8], &str)] = &[
    (b"", "not JSON"),
    (b"{oops", "not JSON at byte 1"),
    (b"no json at all", "not JSON at byte"),
    (b"null", "expected an object, found null"),
    (b"5", "expected an object, found a number"),
    (b"[1,2]", "expected an object, found an array"),
    (br#""text""#, "expected an object, found a string"),
    (b"{}", "class"),
    (br#"{"args":[1]}"#, "class"),
    (br#"{"class":null,"args":[1]}"#, "class"),
    (br#"{"class":"","args":[1]}"#, "class"),
    (b"\0", "not JSON at byte 0"),
    (b"{\"class\":\"Go\0od\",\"args\":[1]}", "not JSON at byte"),
    (b"\xff\xfe\x80", "not"),
    (b"{\"class\":\"Good\",\"args\":[\"\xc3\x28\"]}", "not"),
];

#[tokio::test]
async fn what_is_no_job_is_on_record_with_its_bytes() {
    let world = World::new().await;
    let mut worker = world.start().await;
    for (payload, _) in NO_JOBS {
        let payload = Payload::new(payload.to_vec());
        world.client.push("mail", payload).await.unwrap();
        // One after the other, so that the records come in this order.
        worker.settled(1).await;
    }
    world.push_good(1).await;
    worker.performed([1]).await;
    let records = world.failures().await;
    assert_eq!(records.len(), NO_JOBS.len());
    for (record, (payload, says)) in records.iter().zip(NO_JOBS) {
        assert_eq!(record.payload.as_bytes(), *payload);
        assert_eq!(record.exception, "Resque::InvalidPayload", "{record:?}");
        assert!(record.error.contains("the payload is no job"), "{record:?}");
        assert!(record.error.contains(says), "{record:?}");
        assert_eq!(record.queue, "mail");
        assert!(record.worker.ends_with(":*"), "{record:?}");
    }
    let report = worker.quit().await;
    let failed = u64::try_from(NO_JOBS.len()).unwrap();
    assert_eq!((report.processed, report.failed), (failed + 1, failed));
    put_back_exactly(&world).await;
}

/// Retries every record into a queue of its own: the bytes are those that were pushed.
async fn put_back_exactly(world: &World) {
    let failures = world.client.failures().unwrap();
    for (entry, (payload, _)) in failures.all(0, 1000).await.unwrap().iter().zip(NO_JOBS) {
        let retry = FailureRetry::new(entry.id.clone());
        failures.retry_as(retry).await.unwrap();
        let back = world.client.pop("mail").await.unwrap().unwrap();
        assert_eq!(back.payload().as_bytes(), *payload);
    }
}

#[tokio::test]
async fn arguments_of_any_shape_are_read_as_ruby_reads_them() {
    let world = World::new().await;
    let mut worker = world.start().await;
    let fits = [
        r#"{"class":"Good","args":7}"#,
        r#"{"class":"Good","args":[8]}"#,
    ];
    let does_not = [
        r#"{"class":"Good"}"#,
        r#"{"class":"Good","args":null}"#,
        r#"{"class":"Good","args":{"number":7}}"#,
        r#"{"class":"Good","args":"text"}"#,
        r#"{"class":"Good","args":true}"#,
    ];
    for payload in fits.into_iter().chain(does_not) {
        world.client.push("mail", payload).await.unwrap();
        worker.settled(1).await;
    }
    worker.performed([7, 8]).await;
    let records = world.failures().await;
    let payloads: Vec<_> = records
        .iter()
        .map(|record| record.payload.to_text_lossy())
        .collect();
    assert_eq!(payloads, does_not);
    for record in &records {
        assert_eq!(record.exception, "ArgumentError", "{record:?}");
    }
    assert_eq!(worker.quit().await.processed, 7);
}

#[tokio::test]
async fn ten_megabytes_that_are_a_job_or_not() {
    let server = resque_testserver::Redis::new().start().unwrap();
    let world = World::on(&server, resque::redis::FailureLayout::Single).await;
    let mut worker = world.start().await;
    let text = "x".repeat(10_000_000);
    let binary: Vec<u8> = (0..10_000_000_u32).map(|n| (n % 251) as u8).collect();
    let unfit = format!(r#"{{"class":"Good","args":["{text}"]}}"#);
    for payload in [text.into_bytes(), binary, unfit.into_bytes()] {
        let pushed = Payload::new(payload.clone());
        world.client.push("mail", pushed).await.unwrap();
        worker.settled(1).await;
        let record = world.failures().await.remove(0);
        assert_eq!(record.payload.as_bytes(), payload);
        world.client.failures().unwrap().clear().await.unwrap();
    }
    world.push_good(1).await;
    worker.performed([1]).await;
    assert_eq!(worker.quit().await.failed, 3);
}
