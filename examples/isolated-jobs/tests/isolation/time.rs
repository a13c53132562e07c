//! Jobs whose time is up.

use std::time::Duration;

use resque::isolation::Limits;
use resque::worker::Polling;

use crate::world::{HANGS, Left, World, children};

async fn timed_out(job: &str) -> Left {
    let world = World::new();
    world.push(&[job]).await;
    let worker = world
        .worker()
        .isolation(children())
        .job_timeout(Duration::from_millis(200))
        .timeout_grace(Duration::from_millis(200));
    let left = world.run(worker).await;
    assert_eq!(left.report.processed, 1);
    left
}

#[tokio::test]
async fn a_job_that_never_ends_is_killed() {
    let left = timed_out(r#"{"class":"Loop","args":[]}"#).await;
    let wanted = ("Resque::JobTimeout", "The job did not end within 200ms");
    assert_eq!((left.report.failed, left.failure()), (1, wanted));
}

/// Performs a job that ends when it is asked to, which it gets all the time for that it needs.
async fn asked(job: &str) -> Left {
    let world = World::new();
    world.push(&[job, r#"{"class":"Noop","args":[]}"#]).await;
    let worker = world
        .worker()
        .isolation(children())
        .job_timeout(Duration::from_millis(1))
        .timeout_grace(HANGS);
    world.run(worker).await
}

#[tokio::test]
async fn a_job_that_ends_when_asked_is_done() {
    let left = asked(r#"{"class":"Polite","args":[]}"#).await;
    assert_eq!((left.report.processed, left.report.failed), (2, 0));
    let processes = left.processes();
    // What was sent to a child may reach it only in its next job.
    assert_ne!(processes[0], processes[1]);
}

#[tokio::test]
async fn the_hooks_of_a_job_that_fails_when_asked_are_told_what_is_recorded() {
    let left = asked(r#"{"class":"Complain","args":[]}"#).await;
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::JobTimeout");
    assert!(
        error.ends_with("it said: RuntimeError: half done"),
        "{error}"
    );
    let told = left.progress();
    let told = told.iter().filter(|text| text.starts_with("on_failure"));
    assert_eq!(told.collect::<Vec<_>>(), [&"on_failure Resque::JobTimeout"]);
}

#[tokio::test]
async fn what_a_killed_job_has_started_dies_with_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let world = World::new();
    let job = serde_json::json!({"class": "Breed", "args": [file.path()]}).to_string();
    world.push(&[&job]).await;
    let worker = world
        .worker()
        .polling(Polling::default())
        .isolation(children())
        .build()
        .unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    world.told(1, "bred").await;
    handle.kill_jobs();
    handle.quit();
    assert_eq!(running.await.unwrap().unwrap().processed, 1);
    let pid = std::fs::read_to_string(file.path()).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // Whoever inherits the dead has to reap it; until then it is there, but dead.
    let alive = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    resque_testserver::poll_until(HANGS, || (!alive()).then_some(())).unwrap();
}

#[tokio::test]
async fn time_of_the_processor_can_be_limited() {
    let limited = children().limits(Limits::new().cpu_time(Duration::from_secs(1)));
    let left = World::new()
        .perform(limited, &[r#"{"class":"Spin","args":[]}"#])
        .await;
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::DirtyExit");
    assert!(error.ends_with("SIGXCPU (signal 24)"), "{error}");
}
