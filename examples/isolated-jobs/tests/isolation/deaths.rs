//! Every way in which a job can end its process.

use std::time::Duration;

use resque::RetryPolicy;
use resque::isolation::{Limits, Processes};
use resque::wire::extra::{Death, Extras};
use resque::worker::{Ending, Event};

use crate::world::{Left, World, children};

/// Performs a job that ends its process, and one behind it that must not suffer from that.
async fn died(children: Processes, job: &str) -> Left {
    let noop = r#"{"class":"Noop","args":[]}"#;
    let left = World::new().perform(children, &[job, noop]).await;
    // Resque counts what died as processed, but not as failed.
    assert_eq!((left.report.processed, left.report.failed), (2, 0));
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::DirtyExit", "{error}");
    left
}

/// The message of the failure without the number of the process.
fn message(left: &Left) -> String {
    let (_, error) = left.failure();
    let pid = format!("pid {}", death(left).pid.unwrap());
    assert!(error.contains(&pid), "{error}: {pid}");
    error.replace(&pid, "pid <pid>")
}

/// The account of the death for the history of the job.
fn death(left: &Left) -> Death {
    let death = left.events.iter().find_map(|event| match event {
        Event::JobFinished {
            ending: Ending::Failed(failure),
            ..
        } => failure.death.clone(),
        _ => None,
    });
    *death.unwrap()
}

#[tokio::test]
async fn a_segmentation_fault() {
    let left = died(children(), r#"{"class":"Segfault","args":[]}"#).await;
    assert_eq!(
        message(&left),
        "Child process received unhandled signal pid <pid> SIGSEGV (signal 11)"
    );
}

#[tokio::test]
async fn an_abort() {
    let left = died(children(), r#"{"class":"Abort","args":[]}"#).await;
    assert_eq!(
        message(&left),
        "Child process received unhandled signal pid <pid> SIGABRT (signal 6)"
    );
}

#[tokio::test]
async fn an_exit_whatever_its_status() {
    for status in [0, 1, 77] {
        let job = format!(r#"{{"class":"Exit","args":[{status}]}}"#);
        let left = died(children(), &job).await;
        let wanted = format!("Child process ended before its job did: pid <pid> exit {status}");
        assert_eq!(message(&left), wanted);
    }
}

#[tokio::test]
async fn too_much_memory() {
    // Much more than a process begins with, whatever its threads put aside for themselves.
    let limited = children().limits(Limits::new().address_space(8 << 30));
    let left = died(limited, r#"{"class":"Eat","args":[17179869184]}"#).await;
    assert!(message(&left).ends_with("SIGABRT (signal 6)"));
}

#[tokio::test]
async fn the_peak_of_memory_is_known_where_it_matters() {
    // More than this process, which the child's peak begins with, and then an end.
    let eat = r#"{"class":"EatAndAbort","args":[536870912]}"#;
    let left = died(children(), eat).await;
    let death = death(&left);
    assert_eq!(death.signal, Some(6));
    assert!(death.memory.unwrap() >= 512 << 20, "{death:?}");
    assert!(!death.host.is_empty());
}

#[tokio::test]
async fn a_job_that_costs_process_after_process_is_quarantined_with_its_history() {
    let world = World::new();
    world.push(&[r#"{"class":"Abort","args":[]}"#]).await;
    let policy = RetryPolicy::fixed(Duration::ZERO).max_attempts(10);
    let mut left = Vec::new();
    // A worker that leaves when there is nothing to do waits for no retry.
    while left
        .last()
        .is_none_or(|left: &Left| left.failures.is_empty())
    {
        let worker = world
            .worker()
            .handlers(isolated_jobs::handlers().retry_class("Abort", policy.clone()))
            .isolation(children())
            .promote_every(Duration::from_millis(10));
        left.push(world.run(worker).await);
    }
    let processed: u64 = left.iter().map(|left| left.report.processed).sum();
    assert_eq!(processed, 3);
    let record = left.last().unwrap().failures[0].clone();
    assert!(
        record.error.contains("has cost 3 workers"),
        "{}",
        record.error
    );
    let deaths = Extras::read(record.payload.as_bytes()).deaths;
    assert_eq!(deaths.len(), 3);
    assert!(
        deaths.iter().all(|death| death.signal == Some(6)),
        "{deaths:?}"
    );
}

#[tokio::test]
async fn a_panic_and_an_error_end_no_process() {
    let jobs = [
        r#"{"class":"Panic","args":[]}"#,
        r#"{"class":"Fail","args":["no disk"]}"#,
        r#"{"class":"Missing","args":[]}"#,
    ];
    let left = World::new().perform(children(), &jobs).await;
    assert_eq!((left.report.processed, left.report.failed), (3, 3));
    let failures: Vec<_> = left
        .failures
        .iter()
        .map(|failure| (failure.exception.as_str(), failure.error.as_str()))
        .collect();
    assert_eq!(
        failures,
        [
            ("Panic", "no way"),
            ("RuntimeError", "no disk"),
            ("NameError", "uninitialized constant Missing"),
        ]
    );
    assert!(left.failures[1].backtrace[0].contains("jobs.rs:"));
    let processes = left.processes();
    assert!(processes.iter().all(|pid| *pid == processes[0]));
}
