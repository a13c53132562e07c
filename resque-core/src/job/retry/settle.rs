//! How a performed job is settled.

use std::time::SystemTime;

use crate::{Decision, JobContext, JobFailure, Performed, Receipt, Settlement, Tally};

impl Performed {
    /// How to settle the job: where it goes, and what is counted. `now` is the store's time, for
    /// the record of a failure.
    ///
    /// Each attempt that was performed counts as processed, and as failed too if it failed and its
    /// error did not discard the job; one whose process was lost only as processed, as in Resque;
    /// one that is to be forgotten not at all.
    #[must_use]
    pub fn settlement<N>(self, ctx: &JobContext, receipt: Receipt, now: N) -> Settlement
    where
        N: FnOnce() -> SystemTime,
    {
        match self {
            Self::Done | Self::Skipped => Settlement::done(receipt),
            Self::Failed(failure) => failure.settlement(ctx, receipt, now),
        }
    }
}

impl JobFailure {
    fn settlement<N>(self, ctx: &JobContext, receipt: Receipt, now: N) -> Settlement
    where
        N: FnOnce() -> SystemTime,
    {
        let tally = if self.death.is_some() {
            Tally::Processed
        } else {
            Tally::ProcessedAndFailed
        };
        let mut settlement = match self.decision {
            Some(Decision::SnoozeUntil(at)) => return Settlement::defer(receipt, at),
            Some(Decision::Discard) => {
                let mut settlement = Settlement::discard(receipt);
                settlement.tally = Tally::Processed;
                return settlement;
            }
            Some(Decision::RetryAt(at)) => match ctx.payload_to_retry(&self) {
                Some(payload) => Settlement::retry_at(receipt, payload, at),
                None => Settlement::failed(receipt, self.into_record(ctx, now())),
            },
            Some(Decision::Fail | Decision::Quarantine) | None => {
                Settlement::failed(receipt, self.into_record(ctx, now()))
            }
        };
        settlement.tally = tally;
        settlement
    }
}
