//! USR2 and CONT: pause and resume.

use crate::worker::{CHILDREN, ITSELF, NOOP, POLITE, Worker, sleep};

#[test]
fn a_pause_takes_no_more_jobs_and_lets_the_running_one_be() {
    for by in [CHILDREN, ITSELF] {
        let worker = Worker::start(by, &[], &[&sleep(300), NOOP]);
        worker.started("Sleep");
        worker.signal("USR2");
        worker.phase("Paused");
        worker.finished("Sleep");
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
