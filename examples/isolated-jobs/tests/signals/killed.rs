//! A worker that is killed: nothing that it has started lives on.

use crate::worker::{CHILDREN, NOOP, Worker, is_gone, sleep};

#[test]
fn children_die_with_their_worker() {
    let mut worker = Worker::start(CHILDREN, &[], &[&sleep(60_000)]);
    let child = worker.performed_by();
    worker.kill();
    is_gone(child);
}

#[test]
fn children_that_never_yield_and_those_that_wait_die_too() {
    for job in [r#"{"class":"Spin","args":[]}"#, NOOP] {
        let mut worker = Worker::start(CHILDREN, &[], &[job]);
        let child = worker.performed_by();
        if job == NOOP {
            worker.idle();
        }
        worker.kill();
        is_gone(child);
    }
}

#[test]
fn programs_die_with_their_worker() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let script = format!("echo $$ > '{}'; exec sleep 1000", file.path().display());
    let by = ["--by", "exec", "--exec", "sh", "-c", &script];
    let mut worker = Worker::start(&by, &[], &[NOOP]);
    let pid = resque_testserver::poll_until(std::time::Duration::from_secs(60), || {
        let text = std::fs::read_to_string(file.path()).unwrap();
        text.trim().parse().ok()
    });
    worker.kill();
    is_gone(pid.unwrap());
}
