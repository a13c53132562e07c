//! A worker that was started by somebody who ignores SIGCHLD, so that the system forgets how its
//! children end.

use crate::worker::{CHILDREN, NOOP, Worker};

#[test]
fn a_program_that_fails_has_failed() {
    let by = ["--by", "exec", "--exec", "false"];
    let worker = Worker::start_deaf(&by, &[NOOP]);
    worker.finished("Noop");
    worker.signal("QUIT");
    let left = worker.left();
    let text = "the program ended with exit status 1";
    assert_eq!(left.failure(), ("Resque::ProgramFailed", text));
    assert_eq!(left.stats(), (1, 1));
}

#[test]
fn the_exit_of_a_child_is_told_as_it_was() {
    let worker = Worker::start_deaf(CHILDREN, &[r#"{"class":"Exit","args":[3]}"#]);
    worker.finished("Exit");
    worker.signal("QUIT");
    let left = worker.left();
    let (exception, error) = left.failure();
    assert_eq!(exception, "Resque::DirtyExit");
    assert!(error.ends_with(" exit 3"), "{error}");
}
