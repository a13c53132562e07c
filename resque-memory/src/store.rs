//! The state that all clones of a backend share, behind one lock.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use resque_core::{Error, SharedClock};

use crate::counters::Counters;
use crate::delayed::Delayed;
use crate::failures::Failures;
use crate::history::History;
use crate::http_workers::HttpAccount;
use crate::jobs::Queues;
use crate::limits::Counted;
use crate::loans::Loans;
use crate::schedules::Schedules;
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
    pub(crate) counted: Counted,
    pub(crate) schedules: Schedules,
    pub(crate) history: History,
    pub(crate) loans: Loans,
    pub(crate) http: HttpAccount,
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
            counted: std::mem::take(&mut self.counted),
            schedules: self.schedules.clear_all(),
            history: std::mem::take(&mut self.history),
            loans: self.loans.clear_all(),
            http: std::mem::take(&mut self.http),
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

    /// Whether nobody is in the middle of a step.
    #[cfg(test)]
    pub(crate) fn is_free(&self) -> bool {
        self.state.try_lock().is_ok()
    }

    /// Takes one step, then wakes whom it concerns.
    pub(crate) fn step<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        // No step panics half-way: what might panic in one only reads.
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

/// The error for a choice that came into the world after this backend.
pub(crate) fn unknown(what: &str, choice: &dyn fmt::Debug) -> Error {
    Error::Rejected {
        what: what.to_owned(),
        reason: format!("the memory backend does not know {choice:?}"),
        transient: false,
    }
}

/// The error for something that the caller has seen and that has gone since.
pub(crate) fn gone(what: &str, name: &str) -> Error {
    Error::Conflict {
        what: format!("{what} {name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use resque_core::{
        FailureQuery, FailureRecord, FailureStore, Payload, QueueBackend, WorkerRegistry,
    };

    use crate::testing::World;

    /// Puts something everywhere and answers the receipt and the ids that name it.
    async fn filled(world: &World) -> [String; 3] {
        world.register(&[0]).await;
        world.push("q", &["a", "b"]).await;
        let job = world.take(0, "q").await;
        assert!(!job.redelivered);
        world.delay("q", "d", world.now()).await;
        let record = FailureRecord::new(world.now(), Payload::from("f"), "E", "e");
        world.memory.record(&[record]).await.unwrap();
        world.memory.set_stat("other", 1).await.unwrap();
        let failures = world.memory.list(&FailureQuery::default()).await.unwrap();
        let delayed = world.memory.delayed().unwrap();
        let delayed = delayed.list(None, 9).await.unwrap();
        [
            job.receipt.number().unwrap().to_string(),
            failures.entries[0].id.to_string(),
            delayed.jobs[0].id.as_str().to_owned(),
        ]
    }

    #[tokio::test]
    async fn a_clear_empties_this_store_and_no_other() {
        let (world, other) = (World::new(), World::new());
        filled(&world).await;
        filled(&other).await;
        world.pause(true).await;
        world.stop("q", true).await;
        let keyspace = world.memory.keyspace().unwrap();
        let keys = keyspace.keys().await.unwrap().len() as u64;
        assert_eq!(QueueBackend::clear(&world.memory).await.unwrap(), keys);
        assert_eq!(keyspace.keys().await.unwrap(), Vec::<String>::new());
        assert_eq!(QueueBackend::clear(&world.memory).await.unwrap(), 0);
        assert_eq!(other.waiting("q").await, ["b"]);
    }

    #[tokio::test]
    async fn no_number_comes_back_after_a_clear() {
        let world = World::new();
        let before = filled(&world).await;
        QueueBackend::clear(&world.memory).await.unwrap();
        let after = filled(&world).await;
        for (before, after) in before.iter().zip(&after) {
            assert_ne!(before, after);
        }
    }
}
