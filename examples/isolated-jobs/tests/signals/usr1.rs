//! USR1: end the running jobs, go on.

use crate::worker::{CHILDREN, Gate, ITSELF, NOOP, POLITE, Worker, is_gone, sleep};

#[test]
fn a_child_is_killed_and_the_worker_goes_on() {
    let worker = Worker::start(CHILDREN, &[], &[&sleep(60_000), NOOP]);
    let child = worker.performed_by();
    worker.signal("USR1");
    worker.finished("Noop");
    is_gone(child);
    worker.signal("QUIT");
    let left = worker.left();
    let (exception, error) = left.failure();
    let wanted = format!("Child process received unhandled signal pid {child} SIGKILL (signal 9)");
    assert_eq!((exception, error), ("Resque::DirtyExit", &*wanted));
    assert_eq!((left.queued().len(), left.stats()), (0, (2, 0)));
}

#[test]
fn with_term_child_it_is_asked_first() {
    let polite = [("TERM_CHILD", "1"), ("RESQUE_TERM_TIMEOUT", "100000")];
    let worker = Worker::start(CHILDREN, &polite, &[POLITE, NOOP]);
    worker.performed_by();
    worker.signal("USR1");
    worker.finished("Noop");
    worker.signal("QUIT");
    let left = worker.left();
    assert!(left.is_clean() && left.stats() == (2, 0), "{left:?}");
}

#[test]
fn with_term_child_it_is_killed_when_its_time_is_up() {
    let soon = [("TERM_CHILD", "1"), ("RESQUE_TERM_TIMEOUT", "0.2")];
    let worker = Worker::start(CHILDREN, &soon, &[&sleep(60_000), NOOP]);
    let child = worker.performed_by();
    worker.signal("USR1");
    worker.finished("Noop");
    is_gone(child);
    worker.signal("QUIT");
    let left = worker.left();
    assert_eq!(left.failure().0, "Resque::DirtyExit");
    assert_eq!((left.queued().len(), left.stats()), (0, (2, 0)));
}

#[test]
fn a_job_of_the_worker_itself_is_cancelled() {
    let worker = Worker::start(ITSELF, &[], &[POLITE, NOOP]);
    worker.performed_by();
    worker.signal("USR1");
    worker.finished("Noop");
    worker.signal("QUIT");
    let left = worker.left();
    assert!(left.is_clean() && left.stats() == (2, 0), "{left:?}");
}

#[test]
fn an_idle_worker_takes_no_notice() {
    let worker = Worker::start(CHILDREN, &[], &[NOOP]);
    worker.finished("Noop");
    worker.idle();
    worker.signal("USR1");
    worker.signal("QUIT");
    assert!(worker.left().is_clean());
}

#[test]
fn a_program_is_killed_and_the_worker_goes_on() {
    let running = Gate::new();
    // Only the first one stays.
    let script = r#"[ -e "$0" ] && exit; echo > "$0"; exec sleep 60"#;
    let by = [
        "--by",
        "exec",
        "--exec",
        "sh",
        "-c",
        script,
        &running.path(),
    ];
    let worker = Worker::start(&by, &[], &[&sleep(60_000), NOOP]);
    running.is_open();
    worker.signal("USR1");
    worker.finished("Noop");
    worker.signal("QUIT");
    let left = worker.left();
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::DirtyExit");
    assert!(error.ends_with("SIGKILL (signal 9)"), "{error}");
    assert_eq!((left.queued().len(), left.stats()), (0, (2, 0)));
}
