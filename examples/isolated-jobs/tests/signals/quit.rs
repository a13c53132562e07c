//! QUIT, and TERM with `GRACEFUL_TERM`: finish the running jobs, then exit.

use crate::worker::{CHILDREN, Gate, ITSELF, Worker, sleep};

fn finishes(by: &[&str], environment: &[(&str, &str)], signal: &str) {
    let gate = Gate::new();
    finishes_behind(&gate, by, environment, signal);
}

fn finishes_behind(gate: &Gate, by: &[&str], environment: &[(&str, &str)], signal: &str) {
    let next = sleep(60_000);
    let worker = Worker::start(by, environment, &[&gate.job(), &next]);
    worker.started("Await");
    worker.signal(signal);
    worker.phase("Finishing");
    gate.open();
    let left = worker.left();
    assert_eq!((left.stats(), left.queued()), ((1, 0), vec![&*next]));
}

#[test]
fn quit_finishes_what_children_do() {
    finishes(CHILDREN, &[], "QUIT");
}

#[test]
fn quit_finishes_what_the_worker_does() {
    finishes(ITSELF, &[], "QUIT");
}

#[test]
fn a_graceful_term_finishes_too() {
    finishes(CHILDREN, &[("GRACEFUL_TERM", "1")], "TERM");
    finishes(ITSELF, &[("GRACEFUL_TERM", "1")], "TERM");
}

#[test]
fn quit_and_term_wake_an_idle_worker() {
    for signal in ["QUIT", "TERM", "INT"] {
        let worker = Worker::start(CHILDREN, &[("INTERVAL", "100000")], &[]);
        worker.phase("Working");
        worker.signal(signal);
        assert!(worker.left().is_clean());
    }
}

#[test]
fn quit_finishes_what_a_program_does() {
    let gate = Gate::new();
    let script = r#"until [ -e "$0" ]; do sleep 0.01; done"#;
    let by = ["--by", "exec", "--exec", "sh", "-c", script, &gate.path()];
    finishes_behind(&gate, &by, &[], "QUIT");
}
