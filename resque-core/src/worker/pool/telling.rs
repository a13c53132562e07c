//! What a pool tells the supervisor.

use super::{Appetite, Pool, Remains};
use crate::worker::report::Counters;
use crate::worker::supervisor::Note;

/// What a pool tells the supervisor about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Busy,
    /// There was nothing to do in this look into the queues.
    Idle(u64),
}

impl Pool {
    pub(super) fn tell_state(&mut self) {
        self.core.events.meters().busy(self.index, self.running);
        let quiet = self.running == 0 && self.in_flight.is_empty() && self.ended.is_empty();
        let orders = *self.orders.borrow();
        if quiet && !self.drained && self.core.phase().is_leaving() {
            self.drained = true;
            let _ = self.notes.send(Note::Drained(self.index));
        }
        let starved = matches!(self.appetite, Appetite::Waiting(_)) || !orders.fetch;
        if quiet && starved && self.recovering.is_none() {
            self.set_idle(orders.look);
        } else if self.running > 0 {
            self.set_busy();
        }
    }

    fn set_idle(&mut self, look: u64) {
        if self.told.replace(Told::Idle(look)) != Some(Told::Idle(look)) {
            let _ = self.notes.send(Note::Idle {
                pool: self.index,
                look,
                leaves: self.pacer.clone().idle().is_none(),
            });
        }
    }

    pub(super) fn set_busy(&mut self) {
        if self.told.replace(Told::Busy) != Some(Told::Busy) {
            let _ = self.notes.send(Note::Busy(self.index));
        }
    }

    pub(super) fn is_over(&self) -> bool {
        let settled = self.ended.is_empty() && self.in_flight.is_empty();
        self.given_up || (self.leaving && settled)
    }

    pub(super) fn remains(self) -> Remains {
        let unsettled = self.ended.len() + self.troubled.len() + self.in_flight_jobs;
        Counters::add(&self.core.counters.unsettled, unsettled as u64);
        Remains {
            abandoned: self.abandoned,
        }
    }
}
