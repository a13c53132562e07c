//! How a reservation ends.

use std::time::SystemTime;

use crate::{Error, FailureRecord, LeaseChanges, Payload, Receipt, Reservation};

/// The end of one reservation: which one, how it ended, and what is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// Which reservation.
    pub receipt: Receipt,
    /// Where the job goes.
    pub outcome: Outcome,
    /// What is counted in the same step.
    pub tally: Tally,
    /// What becomes of leases in the same step; only for stores that offer [`crate::Limits`].
    pub leases: Option<Box<LeaseChanges>>,
}

/// Where a job goes when its reservation ends.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is done and gone.
    Done,
    /// It goes to the failed list.
    Failed(Box<FailureRecord>),
    /// It goes to the delayed set with these bytes, which note the attempt, until the time comes.
    RetryAt {
        /// The payload that waits.
        payload: Payload,
        /// When it becomes visible again.
        at: SystemTime,
    },
    /// It goes back to the front of its queue. Several releases in one batch keep their order: the
    /// first in the list is the first to be reserved again.
    Release,
    /// It goes back to the front of its queue with these bytes, which note that it was given back;
    /// among other releases of a batch it keeps its place.
    ReleaseAs(Payload),
    /// It goes to the delayed set as it is, without an attempt, until the time comes.
    Defer(SystemTime),
    /// It is gone without having been done.
    Discard,
}

/// What a settlement counts, for the worker and in total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// Nothing: the attempt never ended by itself.
    Nothing,
    /// `processed`.
    Processed,
    /// `processed` and `failed`.
    ProcessedAndFailed,
}

impl Settlement {
    /// The job was performed.
    #[must_use]
    pub fn done(receipt: Receipt) -> Self {
        Self {
            receipt,
            outcome: Outcome::Done,
            tally: Tally::Processed,
            leases: None,
        }
    }

    /// The job was performed and failed.
    #[must_use]
    pub fn failed(receipt: Receipt, record: FailureRecord) -> Self {
        let outcome = Outcome::Failed(Box::new(record));
        Self {
            receipt,
            outcome,
            tally: Tally::ProcessedAndFailed,
            leases: None,
        }
    }

    /// The job's process died under it: processed, but `failed` is left alone, as Resque does.
    #[must_use]
    pub fn dirty_exit(receipt: Receipt, record: FailureRecord) -> Self {
        let outcome = Outcome::Failed(Box::new(record));
        Self {
            receipt,
            outcome,
            tally: Tally::Processed,
            leases: None,
        }
    }

    /// The job's worker died: it goes to the failed list and nothing is counted.
    #[must_use]
    pub fn recovered(receipt: Receipt, record: FailureRecord) -> Self {
        let outcome = Outcome::Failed(Box::new(record));
        Self {
            receipt,
            outcome,
            tally: Tally::Nothing,
            leases: None,
        }
    }

    /// The job failed and is tried again at `at`.
    #[must_use]
    pub fn retry_at(receipt: Receipt, payload: Payload, at: SystemTime) -> Self {
        let outcome = Outcome::RetryAt { payload, at };
        Self {
            receipt,
            outcome,
            tally: Tally::ProcessedAndFailed,
            leases: None,
        }
    }

    /// The job goes back to the front of its queue as if it had never been taken.
    #[must_use]
    pub fn release(receipt: Receipt) -> Self {
        Self {
            receipt,
            outcome: Outcome::Release,
            tally: Tally::Nothing,
            leases: None,
        }
    }

    /// The job goes back to the front of its queue with other bytes.
    #[must_use]
    pub fn release_as(receipt: Receipt, payload: Payload) -> Self {
        Self {
            outcome: Outcome::ReleaseAs(payload),
            ..Self::release(receipt)
        }
    }

    /// The job waits until `at` without an attempt being counted.
    #[must_use]
    pub fn defer(receipt: Receipt, at: SystemTime) -> Self {
        Self {
            receipt,
            outcome: Outcome::Defer(at),
            tally: Tally::Nothing,
            leases: None,
        }
    }

    /// The job is dropped without counting.
    #[must_use]
    pub fn discard(receipt: Receipt) -> Self {
        Self {
            receipt,
            outcome: Outcome::Discard,
            tally: Tally::Nothing,
            leases: None,
        }
    }
}

/// What became of one settlement.
#[derive(Debug)]
pub enum Settled {
    /// It took effect.
    Applied,
    /// The worker no longer held that reservation; nothing changed. Also the answer to a settlement
    /// that is repeated after its reply was lost.
    Lost,
    /// The store could not apply it; nothing changed and the reservation is still held.
    Trouble(Error),
}

/// The answer to an exchange.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Exchange {
    /// What became of each settlement, in their order.
    pub settled: Vec<Settled>,
    /// The jobs given out, at most one to each slot that asked.
    pub reserved: Vec<Reservation>,
    /// Whether reserving is paused for everybody.
    pub paused: bool,
    /// Queues that could not be read, each with its place; the others were served.
    pub troubles: Vec<Error>,
}
