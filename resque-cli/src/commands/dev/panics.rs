//! Panics of jobs are failures like any other and are shown as such, not as noise on the terminal.

use std::panic;
use std::thread;

/// Keeps panics on threads of this name from being printed; the worker turns them into failures.
pub(super) fn leave_to_worker(threads: &'static str) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(threads) {
            before(info);
        }
    }));
}
