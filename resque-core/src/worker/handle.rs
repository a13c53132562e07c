//! Control over a worker from elsewhere in the program.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::core::Core;
use super::lifecycle::LifeEvent;
use super::supervisor::Note;
use super::{Health, Phase, Snapshot, StopCause};

/// Stops, pauses and shows a worker. Cloning is cheap; what is asked for before the worker runs is
/// done when it does, and a worker that has stopped stays stopped.
#[derive(Clone)]
pub struct WorkerHandle {
    core: Arc<Core>,
    notes: mpsc::UnboundedSender<Note>,
}

impl WorkerHandle {
    pub(crate) fn new(core: Arc<Core>, notes: mpsc::UnboundedSender<Note>) -> Self {
        Self { core, notes }
    }

    /// Lets the running jobs finish, however long they take, then stops; as QUIT does.
    pub fn quit(&self) {
        self.wish(LifeEvent::Quit);
    }

    /// Stops now: cancels the running jobs and gives back what does not end in time. Said twice,
    /// it stops at once; as TERM does.
    pub fn stop_now(&self) {
        self.wish(LifeEvent::StopNow);
    }

    /// Ends the running jobs and goes on working, as USR1 does. Isolated jobs are killed and
    /// recorded as failed with `Resque::DirtyExit`; others are cancelled.
    pub fn kill_jobs(&self) {
        self.wish(LifeEvent::Kill);
    }

    /// Takes no more jobs; running ones go on. As USR2 does.
    pub fn pause(&self) {
        self.wish(LifeEvent::Pause);
    }

    /// Takes jobs again; as CONT does.
    pub fn resume(&self) {
        self.wish(LifeEvent::Resume);
    }

    /// What the worker does as a whole.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.core.phase()
    }

    /// What the worker and each of its slots do at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Core {
            store_clock,
            counters,
            slots,
            ..
        } = &*self.core;
        let outage = self.core.outage();
        Snapshot::take(self.phase(), store_clock.now(), outage, counters, slots)
    }

    /// Whether the worker lives and whether it takes jobs, for probes. It can be asked from any
    /// thread at any time, and never waits.
    #[must_use]
    pub fn health(&self) -> Health {
        Health::of(&self.core)
    }

    fn wish(&self, event: LifeEvent) {
        // A worker that has gone has nothing left to do.
        let _ = self.notes.send(Note::Wish(event, StopCause::Handle));
    }
}

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerHandle")
            .field("phase", &self.phase())
            .finish_non_exhaustive()
    }
}
