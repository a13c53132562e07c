//! A worker that is one of several processes.

use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::thread;

use resque::worker::WorkerHandle;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::probes::{self, Single};
use crate::failure::Failure;

/// Tells a process that it is one of several, that its standard input ends with the one that started
/// it, and which one that is: `<number>:<process>`. What a job starts inherits the variable and is
/// not meant.
pub(super) const SUPERVISED: &str = "RESQUE_SUPERVISED";
/// Tells it to take no jobs before it gets CONT.
pub(super) const PAUSED: &str = "RESQUE_START_PAUSED";

/// What the variable says to the process with this number.
pub(super) fn seat(number: usize) -> String {
    format!("{number}:{}", std::process::id())
}

/// Whether this process is one of several.
pub(super) fn is_supervised() -> bool {
    number().is_some()
}

/// Which one of several this process is.
pub(super) fn number() -> Option<String> {
    let seat = std::env::var(SUPERVISED).ok()?;
    number_in(&seat, parent_id())
}

fn number_in(seat: &str, parent: u32) -> Option<String> {
    let (number, watcher) = seat.split_once(':')?;
    (watcher.parse() == Ok(parent)).then(|| number.to_owned())
}

/// Makes sure that whoever started this process as one of several is still there: else it would take
/// itself for the one that starts them.
pub(super) fn check() -> Result<(), Failure> {
    let seat = std::env::var(SUPERVISED).unwrap_or_default();
    let Some((_, watcher)) = seat.split_once(':') else {
        return Ok(());
    };
    let watcher = watcher.parse().ok().and_then(Pid::from_raw);
    let is_there = watcher.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH));
    if is_supervised() || is_there {
        return Ok(());
    }
    let told = "the process that started this one as one of several has gone";
    Err(Failure::Undone(told.to_owned()))
}

/// Lets a worker that is one of several answer the process that started it, and end with that.
pub(super) fn obey(worker: &WorkerHandle, probed: &Arc<Single>) -> Result<(), Failure> {
    if !is_supervised() {
        return Ok(());
    }
    if std::env::var_os(PAUSED).is_some() {
        worker.pause();
    }
    let cannot = |source| Failure::io("talk to the process that started this one", source);
    let line = probes::take_stdin().map_err(cannot)?;
    // All settings made sense: what ends this process from now on is an accident.
    probes::greet(&line).map_err(cannot)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_child_of_the_watching_process_is_meant() {
        let seat = seat(2);
        let watcher = std::process::id();
        assert_eq!(number_in(&seat, watcher).as_deref(), Some("2"));
        // What a job starts is a child of the worker.
        assert_eq!(number_in(&seat, watcher + 1), None);
        for other in ["", "2", "2:", "2:x"] {
            assert_eq!(number_in(other, watcher), None, "{other}");
        }
    }
}
