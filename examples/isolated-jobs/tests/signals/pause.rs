//! USR2 and CONT: pause and resume.

use crate::worker::{CHILDREN, Gate, ITSELF, NOOP, POLITE, Worker};

#[test]
fn a_pause_takes_no_more_jobs_and_lets_the_running_one_be() {
    for by in [CHILDREN, ITSELF] {
        let gate = Gate::new();
        let worker = Worker::start(by, &[], &[&gate.job(), NOOP]);
        worker.started("Await");
        worker.signal("USR2");
        worker.phase("Paused");
        gate.open();
        worker.finished("Await");
        worker.idle();
        worker.signal("CONT");
        worker.started("Noop");
        worker.finished("Noop");
        worker.signal("QUIT");
        assert!(worker.left().is_clean());
    }
}

#[test]
fn a_paused_worker_can_be_stopped() {
    let worker = Worker::start(CHILDREN, &[], &[POLITE, NOOP]);
    worker.performed_by();
    worker.signal("USR2");
    worker.phase("Paused");
    worker.signal("TERM");
    let left = worker.left();
    assert_eq!(left.queued().len(), 2);
}
