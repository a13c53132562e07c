//! The state that all clones of a backend share, behind one lock.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use resque_core::{Error, SharedClock};

use crate::counters::Counters;
use crate::delayed::Delayed;
use crate::failures::Failures;
use crate::queues::Queues;
use crate::workers::Workers;

/// One store: its state and what never changes about it. The abilities are implemented on it.
pub(crate) struct Store {
    pub(crate) clock: SharedClock,
    pub(crate) namespace: String,
    state: Mutex<State>,
}

/// Everything that changes. Whatever is done to it under one lock is one step.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) queues: Queues,
    pub(crate) workers: Workers,
    pub(crate) counters: Counters,
    pub(crate) failures: Failures,
    pub(crate) delayed: Delayed,
}

impl State {
    /// Empties everything and gives back what there was, to be dropped without the lock.
    ///
    /// Numbers go on, so that no receipt or id of before names anything that comes after; and
    /// whoever waits goes on waiting.
    pub(crate) fn clear(&mut self) -> Self {
        Self {
            queues: self.queues.clear(),
            workers: self.workers.clear(),
            counters: std::mem::take(&mut self.counters),
            failures: self.failures.clear_all(),
            delayed: self.delayed.clear_all(),
        }
    }
}

impl Store {
    pub(crate) fn new(clock: SharedClock, namespace: String) -> Self {
        Self {
            clock,
            namespace,
            state: Mutex::default(),
        }
    }

    /// Takes one step, then wakes whom it concerns.
    pub(crate) fn step<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        // A panic can only come from running out of memory, before anything was changed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = work(&mut state);
        let woken = state.queues.bell.take_woken();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        answer
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// The error for something that the caller has seen and that has gone since.
pub(crate) fn gone(what: &str, name: &str) -> Error {
    Error::Conflict {
        what: format!("{what} {name:?}"),
    }
}
