//! Any program as the performer of jobs.

use std::time::Duration;

use resque::Error;
use resque::isolation::Exec;
use resque::worker::WorkerBuilder;

use crate::world::{Left, PROGRAM, World};

fn shell(script: &str) -> Exec {
    Exec::new("sh")
        .argument("-c")
        .argument(script)
        .shim(PROGRAM)
}

async fn perform(script: &str) -> Left {
    perform_by(script, |worker| worker).await
}

async fn perform_by(script: &str, with: impl Fn(WorkerBuilder) -> WorkerBuilder) -> Left {
    let world = World::new();
    world
        .push(&[r#"{"class":"Archive","args":[44,"é"]}"#])
        .await;
    let worker = world.worker().isolation(shell(script));
    world.run(with(worker)).await
}

#[tokio::test]
async fn the_program_finds_the_payload_and_where_it_comes_from() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display();
    let left = perform(&format!(
        "(cat; echo; echo $RESQUE_CLASS $RESQUE_QUEUE $RESQUE_ATTEMPT $RESQUE_WORKER) > '{path}'"
    ))
    .await;
    assert_eq!((left.report.processed, left.report.failed), (1, 0));
    let found = std::fs::read_to_string(file.path()).unwrap();
    let (payload, rest) = found.split_once('\n').unwrap();
    assert_eq!(payload, r#"{"class":"Archive","args":[44,"é"]}"#);
    assert!(
        rest.starts_with("Archive q 1 ") && rest.contains("-0:q"),
        "{rest}"
    );
}

#[tokio::test]
async fn what_it_complains_of_is_the_error() {
    let left = perform("echo working; echo 'no disk' >&2; exit 3").await;
    assert_eq!(left.failure(), ("Resque::ProgramFailed", "no disk"));
    assert_eq!((left.report.processed, left.report.failed), (1, 1));
    let left = perform("exit 3").await;
    let (_, error) = left.failure();
    assert_eq!(error, "the program ended with exit status 3");
    // Complaints of a program that does its work are none.
    assert!(perform("echo careful >&2").await.failures.is_empty());
}

#[tokio::test]
async fn a_program_that_a_signal_ends_is_a_dirty_exit() {
    let left = perform("kill -s KILL $$").await;
    let (exception, error) = left.failure();
    assert_eq!((exception, left.report.failed), ("Resque::DirtyExit", 0));
    assert!(error.ends_with("SIGKILL (signal 9)"), "{error}");
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_with_all_it_has_started() {
    let limited = |worker: WorkerBuilder| {
        let worker = worker.job_timeout(Duration::from_secs(2));
        worker.timeout_grace(Duration::from_millis(200))
    };
    let left = perform_by("trap '' TERM; sleep 1000 & wait; wait", limited).await;
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::JobTimeout");
    assert_eq!(error, "The job did not end within 2s");
}

#[tokio::test]
async fn a_program_that_reads_nothing_and_one_that_says_much() {
    let left = perform("exec <&-; yes complaint | head -c 1000000 >&2; exit 1").await;
    let (_, error) = left.failure();
    assert!(error.starts_with('…') && error.len() < 20_000);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_found_out_at_the_start() {
    let world = World::new();
    let exec = Exec::new("no-such-program").shim(PROGRAM);
    let worker = world.worker().isolation(exec).build().unwrap();
    let error = worker.run().await.unwrap_err();
    assert!(matches!(error, Error::InvalidSetting { .. }), "{error:?}");
    assert!(error.to_string().contains("no-such-program"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_executed_is_found_out_at_the_start() {
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let world = World::new();
    let exec = Exec::new(text).shim(PROGRAM);
    let worker = world.worker().isolation(exec).build().unwrap();
    let error = worker.run().await.unwrap_err();
    assert!(matches!(error, Error::InvalidSetting { .. }), "{error:?}");
    assert!(error.to_string().contains("cannot be executed"), "{error}");
}

#[tokio::test]
async fn a_class_that_no_process_can_be_told_fails_its_job_and_holds_up_no_other() {
    let world = World::new();
    let long = format!(r#"{{"class":"{}","args":[]}}"#, "A".repeat(200_000));
    let null = r#"{"class":"A\u0000","args":[]}"#;
    world
        .push(&[null, &long, r#"{"class":"A","args":[]}"#])
        .await;
    let left = world.run(world.worker().isolation(shell("cat"))).await;
    assert_eq!((left.report.processed, left.report.failed), (3, 2));
    for failure in &left.failures {
        assert_eq!(failure.exception, "Resque::ProgramFailed");
        let told = "the program cannot be started for this job: ";
        assert!(failure.error.starts_with(told), "{}", failure.error);
    }
}
