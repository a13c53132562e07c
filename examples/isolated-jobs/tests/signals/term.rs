//! TERM and INT: stop now.

use crate::worker::{CHILDREN, Gate, ITSELF, Left, NOOP, POLITE, Worker, is_gone, sleep};

const POLITELY: (&str, &str) = ("TERM_CHILD", "1");
const SOON: (&str, &str) = ("RESQUE_TERM_TIMEOUT", "0.2");
const NEVER: (&str, &str) = ("RESQUE_TERM_TIMEOUT", "100000");

/// Stops a worker while it performs a job, with another one behind that.
fn stopped(by: &[&str], environment: &[(&str, &str)], job: &str, signal: &str) -> Left {
    let worker = Worker::start(by, environment, &[job, NOOP]);
    let pid = worker.performed_by();
    let is_child = pid != worker.id();
    worker.signal(signal);
    let left = worker.left();
    if is_child {
        is_gone(pid);
    }
    left
}

/// The job is back in front, notes that, and counts as nothing.
#[track_caller]
fn is_released(left: &Left) {
    let released = r#"{"class":"Sleep","args":[60000],"rs":{"releases":1}}"#;
    assert_eq!(
        (left.queued(), left.stats()),
        (vec![released, NOOP], (0, 0))
    );
    assert!(left.hooks().is_empty(), "{left:?}");
}

#[test]
fn a_child_is_killed_at_once_and_its_job_comes_back() {
    // Without TERM_CHILD no time is given, whatever the times say.
    let patient = [NEVER, ("RESQUE_PRE_SHUTDOWN_TIMEOUT", "100000")];
    is_released(&stopped(CHILDREN, &patient, &sleep(60_000), "TERM"));
    is_released(&stopped(CHILDREN, &patient, &sleep(60_000), "INT"));
}

#[test]
fn with_term_child_it_is_asked_first() {
    let left = stopped(CHILDREN, &[POLITELY, NEVER], POLITE, "TERM");
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 0)));
}

#[test]
fn with_term_child_it_is_killed_when_its_time_is_up() {
    is_released(&stopped(
        CHILDREN,
        &[POLITELY, SOON],
        &sleep(60_000),
        "TERM",
    ));
}

#[test]
fn a_second_term_waits_for_nothing() {
    let environment = [POLITELY, NEVER];
    let job = sleep(60_000);
    for by in [CHILDREN, ITSELF] {
        let worker = Worker::start(by, &environment, &[&job, NOOP]);
        worker.performed_by();
        worker.signal("TERM");
        worker.phase("Cancelling");
        worker.signal("TERM");
        is_released(&worker.left());
    }
}

/// A job that ends in the time that it is let be has ended well.
fn is_let_be(by: &[&str], environment: &[(&str, &str)]) {
    let gate = Gate::new();
    let worker = Worker::start(by, environment, &[&gate.job(), NOOP]);
    worker.performed_by();
    worker.signal("TERM");
    worker.phase("Stopping");
    gate.open();
    let left = worker.left();
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 0)));
}

#[test]
fn with_term_child_a_job_may_be_let_be_for_a_while() {
    let environment = [POLITELY, SOON, ("RESQUE_PRE_SHUTDOWN_TIMEOUT", "100000")];
    is_let_be(CHILDREN, &environment);
}

#[test]
fn the_third_release_is_the_last() {
    let job = r#"{"class":"Sleep","args":[60000],"rs":{"releases":2}}"#;
    for by in [CHILDREN, ITSELF] {
        let left = stopped(by, &[SOON], job, "TERM");
        let (exception, error) = left.failure();
        let told = "SIGTERM: stopping workers have ended the job 3 times";
        assert_eq!((exception, error), ("Resque::TermException", told));
        assert_eq!(left.queued(), [NOOP]);
        assert_eq!(left.hooks(), ["Resque::TermException"]);
    }
}

#[test]
fn jobs_of_the_worker_itself_may_be_let_be_for_a_while() {
    let environment = [SOON, ("RESQUE_PRE_SHUTDOWN_TIMEOUT", "100000")];
    is_let_be(ITSELF, &environment);
}

#[test]
fn as_in_ruby_a_killed_job_has_failed() {
    let fail = [CHILDREN, &["--on-term", "fail"]].concat();
    let left = stopped(&fail, &[], &sleep(60_000), "TERM");
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::DirtyExit");
    let (begin, end) = (
        "Child process received unhandled signal pid ",
        " SIGKILL (signal 9)",
    );
    assert!(error.starts_with(begin) && error.ends_with(end), "{error}");
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 0)));
    assert_eq!(left.hooks(), ["Resque::DirtyExit"]);
}

#[test]
fn as_in_ruby_a_job_that_was_asked_has_failed() {
    let fail = [CHILDREN, &["--on-term", "fail"]].concat();
    let left = stopped(&fail, &[POLITELY, NEVER], &sleep(60_000), "TERM");
    assert_eq!(left.failure(), ("Resque::TermException", "SIGTERM"));
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 1)));
    assert_eq!(left.hooks(), ["Resque::TermException"]);
}

#[test]
fn as_in_ruby_a_job_of_the_worker_itself_that_was_dropped_has_failed() {
    let fail = [ITSELF, &["--on-term", "fail"]].concat();
    let left = stopped(&fail, &[SOON], &sleep(60_000), "TERM");
    assert_eq!(left.failure(), ("Resque::TermException", "SIGTERM"));
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 1)));
    assert_eq!(left.hooks(), ["Resque::TermException"]);
}

#[test]
fn jobs_of_the_worker_itself_are_cancelled() {
    let left = stopped(ITSELF, &[NEVER], POLITE, "TERM");
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 0)));
}

#[test]
fn jobs_of_the_worker_itself_are_dropped_when_their_time_is_up() {
    for signal in ["TERM", "INT"] {
        is_released(&stopped(ITSELF, &[SOON], &sleep(60_000), signal));
    }
}

#[test]
fn int_stops_now_whatever_is_said_of_term() {
    let graceful = ("GRACEFUL_TERM", "1");
    is_released(&stopped(
        CHILDREN,
        &[graceful, NEVER],
        &sleep(60_000),
        "INT",
    ));
    is_released(&stopped(ITSELF, &[graceful, SOON], &sleep(60_000), "INT"));
    let left = stopped(CHILDREN, &[graceful, POLITELY, NEVER], POLITE, "INT");
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 0)));
}

#[test]
fn a_worker_that_is_not_to_fork_stops_as_one_that_performs_its_jobs_itself() {
    let itself = ("FORK_PER_JOB", "false");
    let worker = Worker::start(CHILDREN, &[itself, NEVER], &[POLITE, NOOP]);
    assert_eq!(worker.performed_by(), worker.id());
    worker.signal("TERM");
    let left = worker.left();
    assert_eq!((left.queued(), left.stats()), (vec![NOOP], (1, 0)));
    is_released(&stopped(CHILDREN, &[itself, SOON], &sleep(60_000), "TERM"));
}

#[test]
fn a_job_of_the_worker_itself_that_never_yields_comes_back_with_the_end_of_the_process() {
    let left = stopped(ITSELF, &[SOON], r#"{"class":"Loop","args":[]}"#, "TERM");
    let released = r#"{"class":"Loop","args":[],"rs":{"releases":1}}"#;
    assert_eq!(
        (left.queued(), left.stats()),
        (vec![released, NOOP], (0, 0))
    );
}

#[test]
fn a_program_is_killed_or_asked_too() {
    let job = sleep(60_000);
    for environment in [&[][..], &[POLITELY, NEVER]] {
        let running = Gate::new();
        let script = r#"echo > "$0"; exec sleep 60"#;
        let by = [
            "--by",
            "exec",
            "--exec",
            "sh",
            "-c",
            script,
            &running.path(),
        ];
        let worker = Worker::start(&by, environment, &[&job, NOOP]);
        running.is_open();
        worker.signal("TERM");
        is_released(&worker.left());
    }
}
