//! What a payload tells of the attempts before: read when a job starts, written when it ends.

use crate::wire::extra::{Extras, LastError};
use crate::{Decision, JobContext, JobFailure, Payload};

impl JobContext {
    /// The account of this attempt and all before it.
    fn account(&self, failure: &JobFailure) -> Extras {
        let mut extras = self.history().cloned().unwrap_or_default();
        extras.attempts = self.attempt();
        // From now on it waits for other reasons than its queue.
        extras.enqueued_at = None;
        extras.first_attempt = self.first_attempt();
        if let Some(death) = &failure.death {
            extras.add_death((**death).clone());
        }
        extras
    }

    /// The bytes that wait for the next attempt; `None` for what is no job.
    pub(super) fn payload_to_retry(&self, failure: &JobFailure) -> Option<Payload> {
        let mut extras = self.account(failure);
        extras.last_error = Some(LastError::new(&failure.exception, &failure.error));
        let payload = extras.write(self.payload().as_bytes()).ok()?;
        Some(payload.into())
    }

    /// Leaves in `extras` only what nobody here knows, and answers whether the payload tells more
    /// than that: the account of a life before.
    fn forget_former_life(&self, extras: &mut Extras) -> bool {
        extras.begin_again();
        *extras != Extras::read(self.payload().as_bytes())
    }

    /// The bytes to record as failed: exactly those that were performed, unless there is something
    /// to tell of earlier attempts. Whoever puts them back into a queue begins a new life.
    pub(crate) fn payload_to_record(&self, failure: &JobFailure) -> Payload {
        let quarantined = failure.decision == Some(Decision::Quarantine);
        if self.history().is_none() && !quarantined {
            return self.payload().clone();
        }
        let mut extras = self.account(failure);
        // The record itself tells the last error.
        extras.last_error = None;
        let tells = extras.attempts > 1 || extras.releases > 0 || !extras.deaths.is_empty();
        extras.ended = tells;
        if !tells && !self.forget_former_life(&mut extras) {
            return self.payload().clone();
        }
        match extras.write(self.payload().as_bytes()) {
            Ok(payload) => payload.into(),
            Err(_) => self.payload().clone(),
        }
    }
}
