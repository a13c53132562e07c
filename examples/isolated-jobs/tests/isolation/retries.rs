//! Isolated jobs that are tried again: the worker decides, whatever became of their processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use isolated_jobs::handlers;
use resque::worker::{Ending, Event, Polling, StopReport, Worker};
use resque::{FailureQuery, FailureRecord, RetryPolicy, Verdict};
use tokio::sync::mpsc;

use crate::world::{HANGS, World, children};

/// Tries a job until it is done, or on the failed list, or nowhere.
async fn until_its_end(job: &str) -> (StopReport, Vec<FailureRecord>) {
    let world = World::new();
    world.push(&[job]).await;
    let (told, mut events) = mpsc::unbounded_channel();
    let policy = RetryPolicy::fixed(Duration::ZERO).max_attempts(10);
    let worker = Worker::builder(world.store.clone())
        .queues("q")
        .concurrency(1)
        .handlers(handlers().retry(policy))
        .isolation(children())
        .polling(Polling::default())
        .promote_every(Duration::from_millis(10))
        .on_event(move |event| {
            if let Event::JobFinished { ending, .. } = event {
                let _ = told.send(ending.clone());
            }
        });
    let worker = worker.build().unwrap();
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    let last = async { while let Some(Ending::Retried { .. }) = events.recv().await {} };
    tokio::time::timeout(HANGS, last).await.unwrap();
    handle.quit();
    let report = run.await.unwrap().unwrap();
    let page = world.store.failures().list(&FailureQuery::default()).await;
    let entries = page.unwrap().entries;
    let records = entries.iter().filter_map(|entry| entry.content.record());
    (report, records.cloned().collect())
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_and_knows_its_attempt() {
    let (report, failures) = until_its_end(r#"{"class":"FailUntil","args":[3]}"#).await;
    assert_eq!((report.processed, report.failed, report.retried), (3, 2, 2));
    assert_eq!(failures, []);
}

#[tokio::test]
async fn what_its_error_says_crosses_the_processes() {
    let (report, failures) = until_its_end(r#"{"class":"Discard","args":[]}"#).await;
    assert_eq!((report.processed, report.failed, report.retried), (1, 0, 0));
    assert_eq!(failures, []);
}

#[tokio::test]
async fn it_is_decided_once_what_becomes_of_a_job_and_its_hooks_are_told_that() {
    let world = World::new();
    world.push(&[r#"{"class":"Fail","args":["no"]}"#]).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    // In children nobody knows of it, nor of a store that lets jobs wait.
    let policy = RetryPolicy::custom(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        Verdict::RetryIn(Duration::from_secs(3_600))
    });
    let worker = world
        .worker()
        .handlers(handlers().retry(policy.jitter(1.0)))
        .isolation(children());
    let left = world.run(worker).await;
    assert_eq!((left.report.retried, asked.load(Ordering::Relaxed)), (1, 1));
    let at = left.events.iter().find_map(|event| match event {
        Event::JobFinished {
            ending: Ending::Retried { at, .. },
            ..
        } => Some(*at),
        _ => None,
    });
    let told = format!("tried again at {at:?}");
    assert!(left.progress().contains(&&*told), "{:?}", left.progress());
}

#[tokio::test]
async fn a_job_that_kills_three_processes_is_quarantined_with_their_ends() {
    let (report, failures) = until_its_end(r#"{"class":"Abort","args":[]}"#).await;
    // As in Resque, what died counts as processed, but not as failed.
    assert_eq!((report.processed, report.failed, report.retried), (3, 0, 2));
    let [record] = &failures[..] else {
        panic!("not one failure: {failures:#?}")
    };
    let end = "(the job has cost 3 workers and is tried no more)";
    assert!(record.error.ends_with(end), "{}", record.error);
    let history = record.history();
    let signals: Vec<_> = history.deaths.iter().map(|death| death.signal).collect();
    assert_eq!((record.attempts(), &signals[..]), (3, &[Some(6); 3][..]));
    assert!(history.deaths.iter().all(|death| death.pid.is_some()));
    assert!(
        !history.deaths[0].host.contains('~'),
        "{:?}",
        history.deaths
    );
}
