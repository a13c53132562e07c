//! A worker that is one of several processes.

use std::sync::Arc;
use std::thread;

use resque::worker::WorkerHandle;

use super::probes::{self, Single};
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

/// Which one of several this process is.
pub(super) fn number() -> Option<String> {
    std::env::var(SUPERVISED).ok()
}

/// Lets a worker that is one of several answer the process that started it, and end with that.
pub(super) fn obey(worker: &WorkerHandle, probed: &Arc<Single>) -> Result<(), Failure> {
    if !is_supervised() {
        return Ok(());
    }
    if std::env::var_os(PAUSED).is_some() {
        worker.pause();
    }
    let line = probes::take_stdin()
        .map_err(|source| Failure::io("talk to the process that started this one", source))?;
    let (worker, probed) = (worker.clone(), probed.clone());
    let watch = move || {
        // The end means that the other process has gone, whatever way.
        probes::answer(&line, &probed);
        tracing::warn!("the process that started this one has gone");
        worker.stop_now();
    };
    thread::Builder::new()
        .name("resque-parent".to_owned())
        .spawn(watch)
        .map(drop)
        .map_err(|source| Failure::io("start a thread", source))
}
