//! Jobs whose time is up.

use std::time::Duration;

use resque::isolation::{Limits, Processes};

use crate::world::{Left, PROGRAM, World};

async fn timed_out(job: &str) -> Left {
    let world = World::new();
    world.push(&[job, r#"{"class":"Noop","args":[]}"#]).await;
    let worker = world
        .worker()
        .isolation(Processes::new().program(PROGRAM))
        .job_timeout(Duration::from_millis(200))
        .timeout_grace(Duration::from_millis(200));
    let left = world.run(worker).await;
    assert_eq!(left.report.processed, 2);
    left
}

#[tokio::test]
async fn a_job_that_never_ends_is_killed() {
    let left = timed_out(r#"{"class":"Loop","args":[]}"#).await;
    let wanted = ("Resque::JobTimeout", "The job did not end within 200ms");
    assert_eq!((left.report.failed, left.failure()), (1, wanted));
    let processes = left.processes();
    assert_ne!(processes[0], processes[1]);
}

#[tokio::test]
async fn a_job_that_ends_when_asked_is_done() {
    let left = timed_out(r#"{"class":"Polite","args":[]}"#).await;
    assert_eq!((left.report.failed, left.failures.len()), (0, 0));
}

#[tokio::test]
async fn what_a_killed_job_has_started_dies_with_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let job = serde_json::json!({"class": "Breed", "args": [file.path()]}).to_string();
    timed_out(&job).await;
    let pid = std::fs::read_to_string(file.path()).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // Whoever inherits the dead has to reap it; until then it is there, but dead.
    let alive = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    resque_testserver::poll_until(crate::world::HANGS, || (!alive()).then_some(())).unwrap();
}

#[tokio::test]
async fn time_of_the_processor_can_be_limited() {
    let limited = Processes::new().limits(Limits::new().cpu_time(Duration::from_secs(1)));
    let left = World::new()
        .perform(limited, &[r#"{"class":"Spin","args":[]}"#])
        .await;
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::DirtyExit");
    assert!(error.ends_with("SIGXCPU (signal 24)"), "{error}");
}
