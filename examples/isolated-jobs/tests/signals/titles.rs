//! What `ps` shows.

use crate::worker::{CHILDREN, Gate, ITSELF, Worker, sleep, title_of};

const NAME: &str = "resque-0.1.0: ";

#[test]
fn worker_and_child_tell_what_they_do() {
    let prefix = [("RESQUE_PROCLINE_PREFIX", "app-")];
    let worker = Worker::start(CHILDREN, &prefix, &[&sleep(60_000)]);
    let child = worker.performed_by();
    let forked = format!("app-{NAME}Forked {child} at ");
    title_of(worker.id(), |title| title.starts_with(&forked));
    title_of(child, |title| {
        title.starts_with(&format!("app-{NAME}Processing q since ")) && title.ends_with(" [Sleep]")
    });
    worker.signal("USR2");
    title_of(worker.id(), |title| title == format!("app-{NAME}Paused"));
    worker.signal("TERM");
    worker.left();
}

#[test]
fn a_worker_with_nothing_to_do_waits() {
    let gate = Gate::new();
    let worker = Worker::start(ITSELF, &[], &[&gate.job()]);
    worker.started("Await");
    title_of(worker.id(), |title| {
        title.starts_with(&format!("{NAME}Processing q since "))
    });
    gate.open();
    title_of(worker.id(), |title| title == format!("{NAME}Waiting for q"));
    worker.signal("QUIT");
    worker.left();
}
