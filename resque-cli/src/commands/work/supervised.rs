//! A worker that is one of several processes.

use std::io::{self, ErrorKind, Read};
use std::thread;

use resque::worker::WorkerHandle;

use crate::failure::Failure;

/// Tells a process that it is one of several, and that its standard input ends with the one that
/// started it.
pub(super) const SUPERVISED: &str = "RESQUE_SUPERVISED";
/// Tells it to take no jobs before it gets CONT.
pub(super) const PAUSED: &str = "RESQUE_START_PAUSED";

/// Whether this process is one of several.
pub(super) fn is_supervised() -> bool {
    std::env::var_os(SUPERVISED).is_some()
}

/// Lets a worker that is one of several end with the process that started it.
pub(super) fn obey(worker: &WorkerHandle) -> Result<(), Failure> {
    if !is_supervised() {
        return Ok(());
    }
    if std::env::var_os(PAUSED).is_some() {
        worker.pause();
    }
    let worker = worker.clone();
    let watch = move || {
        // Nothing is ever written: the end means that the other process has gone, whatever way.
        while matches!(io::stdin().read(&mut [0]), Err(error) if error.kind() == ErrorKind::Interrupted)
        {
        }
        tracing::warn!("the process that started this one has gone");
        worker.stop_now();
    };
    thread::Builder::new()
        .name("resque-parent".to_owned())
        .spawn(watch)
        .map(drop)
        .map_err(|source| Failure::io("start a thread", source))
}
