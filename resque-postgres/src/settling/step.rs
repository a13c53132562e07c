//! What a settlement does, ready to be sent: nothing of it can be refused on this side any more.

use resque_core::{LeaseChanges, Outcome, Result, Tally};

use super::leases::Changes;
use crate::failures::Record;
use crate::stamp::Stamp;
use crate::store::unknown;

/// One settlement. It is made as a whole before any of it is noted in lists that point into each
/// other: a line that is left of one that could not be made would be taken for the next one's.
pub(crate) struct Step<'a> {
    pub(super) fate: Fate<'a>,
    pub(super) leases: Changes<'a>,
    pub(super) processed: i32,
    pub(super) failed: i32,
}

/// What becomes of a job.
pub(super) enum Fate<'a> {
    /// It is gone.
    Ends,
    /// It goes to the failed jobs.
    Fails(Record<'a>),
    /// It waits until a time, with these bytes or its own.
    Waits(Stamp, Option<&'a [u8]>),
    /// It goes back to the front of its queue, with these bytes or its own.
    Returns(Option<&'a [u8]>),
}

impl<'a> Step<'a> {
    /// What a settlement of `what` does.
    pub(crate) fn of(
        what: &str,
        outcome: &'a Outcome,
        leases: Option<&'a LeaseChanges>,
        tally: Tally,
    ) -> Result<Self> {
        let fate = match outcome {
            Outcome::Done | Outcome::Discard => Fate::Ends,
            Outcome::Failed(record) => Fate::Fails(Record::of(record)?),
            Outcome::RetryAt { payload, at } => {
                Fate::Waits(Stamp::due(*at)?, Some(payload.as_bytes()))
            }
            Outcome::Defer(at) => Fate::Waits(Stamp::due(*at)?, None),
            Outcome::Release => Fate::Returns(None),
            Outcome::ReleaseAs(payload) => Fate::Returns(Some(payload.as_bytes())),
            other => return Err(unknown(&format!("settle {what}"), other)),
        };
        let (processed, failed) = match tally {
            Tally::Nothing => (0, 0),
            Tally::Processed => (1, 0),
            Tally::ProcessedAndFailed => (1, 1),
        };
        Ok(Self {
            fate,
            leases: leases.map_or(Ok(Changes::default()), Changes::of)?,
            processed,
            failed,
        })
    }
}
