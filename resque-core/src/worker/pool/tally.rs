//! What became of the settlements of one exchange.

use crate::worker::Event;
use crate::worker::core::Core;
use crate::worker::exchange::Ended;
use crate::worker::executor::releases;
use crate::worker::report::Counters;
use crate::{Outcome, Settlement, Tally, WorkerId};

/// Counts them.
#[derive(Debug, Default)]
pub(super) struct Settlements {
    processed: u64,
    failed: u64,
    retried: u64,
    released: u64,
    lost: u64,
    workers: Vec<WorkerId>,
}

impl Settlements {
    pub(super) fn applied(&mut self, core: &Core, ended: &Ended, settlement: &Settlement) {
        match settlement.tally {
            Tally::Nothing => {}
            Tally::Processed => self.processed += 1,
            Tally::ProcessedAndFailed => {
                self.processed += 1;
                self.failed += 1;
            }
        }
        self.retried += u64::from(matches!(settlement.outcome, Outcome::RetryAt { .. }));
        self.released += u64::from(releases(settlement));
        if core.events.heard() {
            self.workers.push(ended.running.reservation.worker.clone());
        }
    }

    pub(super) fn lost(&mut self, core: &Core, ended: &Ended) {
        self.lost += 1;
        let reservation = &ended.running.reservation;
        tracing::warn!(
            worker = %reservation.worker,
            queue = %reservation.queue,
            "the job was taken away while it ran: somebody took this worker for dead"
        );
        core.events.announce(|| Event::Lost {
            worker: reservation.worker.clone(),
            queue: reservation.queue.clone(),
        });
    }

    pub(super) fn any(&self) -> bool {
        self.processed + self.released + self.lost > 0
    }

    pub(super) fn tell(&mut self, core: &Core) {
        let counters = &core.counters;
        Counters::add(&counters.processed, self.processed);
        Counters::add(&counters.failed, self.failed);
        Counters::add(&counters.retried, self.retried);
        Counters::add(&counters.released, self.released);
        Counters::add(&counters.lost, self.lost);
        if !self.workers.is_empty() {
            let workers = std::mem::take(&mut self.workers);
            core.events.tell(|| Event::Settled { workers });
        }
    }
}
