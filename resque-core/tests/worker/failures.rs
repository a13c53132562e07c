//! Whatever goes wrong with a job is on record, and the worker lives on.

use std::sync::Arc;
use std::time::Duration;

use resque_core::worker::{Event, Phase};
use resque_core::{Client, Hooks, JobFailure, NewJob, RetryPolicy};

use crate::world::{World, start};

/// Performs one payload and answers its failure record.
async fn failure_of(payload: &[u8]) -> resque_core::FailureRecord {
    let world = World::new();
    let mut worker = start(world.worker());
    world.push_raw("q", [payload]).await;
    worker.settled(1).await;
    world.push("Ok", 0..1).await;
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed), (2, 1));
    assert_eq!(
        (world.stat("processed").await, world.stat("failed").await),
        (2, 1)
    );
    let record = world.failures().await.remove(0);
    assert_eq!(record.payload.as_bytes(), payload);
    assert_eq!(record.queue, "q");
    assert!(record.worker.ends_with(":*"), "{}", record.worker);
    record
}

#[tokio::test]
async fn an_error_is_recorded_with_its_name_and_text() {
    let record = failure_of(br#"{"class":"Fail","args":["broken"]}"#).await;
    assert_eq!((&*record.exception, &*record.error), ("Oops", "broken"));
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let record = failure_of(br#"{"class":"Panic","args":[]}"#).await;
    assert_eq!((&*record.exception, &*record.error), ("Panic", "no way"));
}

#[tokio::test]
async fn an_unknown_class_is_a_failure() {
    let record = failure_of(br#"{"class":"Missing","args":[]}"#).await;
    let expected = ("NameError", "uninitialized constant Missing");
    assert_eq!((&*record.exception, &*record.error), expected);
}

#[tokio::test]
async fn wrong_arguments_are_a_failure() {
    let record = failure_of(br#"{"class":"Fail","args":[1,2]}"#).await;
    assert_eq!(record.exception, "ArgumentError");
}

#[tokio::test]
async fn bytes_that_are_no_job_are_a_failure_with_these_bytes() {
    for payload in [
        &b"not json"[..],
        b"null",
        b"7",
        b"[]",
        b"{}",
        b"\xff\0\xfe",
        b"",
    ] {
        let record = failure_of(payload).await;
        assert!(!record.error.is_empty(), "{payload:?}");
    }
}

fn slow(world: &World) -> resque_core::worker::WorkerBuilder {
    world
        .worker()
        .job_timeout(Duration::from_secs(30))
        .register_fn("Deaf", |(): (), _| async {
            std::future::pending::<()>().await;
            Ok(())
        })
        .register_fn("Polite", |(): (), ctx| async move {
            ctx.cancellation().cancelled().await;
            Err("I was asked to stop".into())
        })
        .register_fn("Quick", |(): (), ctx| async move {
            ctx.cancellation().cancelled().await;
            Ok(())
        })
}

#[tokio::test]
async fn a_job_past_its_time_is_cancelled_and_dropped() {
    let world = World::new();
    let mut worker = start(slow(&world));
    world.push_raw("q", [r#"{"class":"Deaf","args":[]}"#]).await;
    worker.started().await;
    world.pass(31, 4).await;
    worker.settled(1).await;
    assert_eq!(worker.quit().await.failed, 1);
    let record = &world.failures().await[0];
    assert_eq!(record.exception, "Resque::JobTimeout");
    assert_eq!(record.error, "The job did not end within 30s");
}

#[tokio::test]
async fn whoever_enqueues_a_job_may_say_how_long_it_may_run_each_time() {
    let world = World::new();
    let client = Client::new(world.store.clone()).with_clock(Arc::new(world.clock.clone()));
    let job = || NewJob::raw("Deaf", &()).to("q");
    client
        .submit(job().timeout(Duration::from_secs(3)))
        .await
        .unwrap();
    assert_eq!(
        world.queue().await,
        [r#"{"class":"Deaf","args":[],"rs":{"timeout":3000}}"#]
    );
    let policy = RetryPolicy::fixed(Duration::from_secs(1)).max_attempts(2);
    let mut worker = start(slow(&world).retry(policy));
    let _flow = world.flow();
    worker.settled(2).await;
    assert_eq!(worker.quit().await.failed, 2);
    let record = &world.failures().await[0];
    assert_eq!(record.error, "The job did not end within 3s");
    assert_eq!(record.attempts(), 2);
    // What nobody says is not written.
    client.submit(job()).await.unwrap();
    assert_eq!(world.queue().await, [r#"{"class":"Deaf","args":[]}"#]);
}

#[tokio::test]
async fn what_a_job_says_when_it_is_cancelled_is_recorded() {
    let world = World::new();
    let mut worker = start(slow(&world));
    world
        .push_raw("q", [r#"{"class":"Polite","args":[]}"#])
        .await;
    worker.started().await;
    world.pass(30, 3).await;
    worker.settled(1).await;
    worker.quit().await;
    let record = &world.failures().await[0];
    assert_eq!(record.exception, "Resque::JobTimeout");
    assert!(
        record.error.ends_with("RuntimeError: I was asked to stop"),
        "{}",
        record.error
    );
}

#[tokio::test]
async fn a_job_that_ends_well_when_it_is_cancelled_is_done() {
    let world = World::new();
    let mut worker = start(slow(&world));
    world
        .push_raw("q", [r#"{"class":"Quick","args":[]}"#])
        .await;
    worker.started().await;
    world.pass(30, 3).await;
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed), (1, 0));
}

#[tokio::test]
async fn a_timeout_runs_the_failure_hooks() {
    let world = World::new();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let hooks = Hooks::new().on_failure("tell", move |_, failure: JobFailure| {
        let told = told.clone();
        async move { Ok(told.send(failure.exception)?) }
    });
    let mut worker = start(slow(&world).hooks(hooks));
    world.push_raw("q", [r#"{"class":"Deaf","args":[]}"#]).await;
    worker.started().await;
    world.pass(31, 4).await;
    assert_eq!(heard.recv().await.unwrap(), "Resque::JobTimeout");
    worker.quit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_does_not_yield_is_shown_as_stuck_and_keeps_its_slot() {
    let world = World::new();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(Some(blocked));
    let builder = slow(&world).register_fn("Block", move |(): (), _| {
        let blocked = blocked.lock().unwrap().take();
        async move {
            if let Some(blocked) = blocked {
                // Until the test drops the other end.
                let _ = blocked.recv();
            }
            Ok(())
        }
    });
    let mut worker = start(builder);
    world
        .push_raw("q", [r#"{"class":"Block","args":[]}"#])
        .await;
    worker.started().await;
    world.pass(40, 3).await;
    let class = worker
        .event(|event| match event {
            Event::Stuck { job, .. } => Some(job.class.clone()),
            _ => None,
        })
        .await;
    assert_eq!(class, "Block");
    let snapshot = worker.handle.snapshot();
    assert!(snapshot.slots[0].job.as_ref().unwrap().stuck);
    assert_eq!(worker.handle.phase(), Phase::Working);
    drop(release);
    worker.settled(1).await;
    assert_eq!(worker.quit().await.processed, 1);
}
