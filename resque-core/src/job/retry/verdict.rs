//! What an error says about the job that it ended.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// What an error says about the future of the job that it ended.
///
/// A [`JobError`](crate::JobError) carries one: [`retry_in`](crate::JobError::retry_in),
/// [`discard`](crate::JobError::discard) and so on. Without one the job's policy decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing: what the job's policy says, and without one the job goes to the failed list.
    #[default]
    Policy,
    /// Another attempt after the delay that the policy gives, as long as its limits permit.
    Retry,
    /// Another attempt after this time, as long as the limits of the policy permit.
    RetryIn(Duration),
    /// The job goes to the failed list now, whatever the policy says.
    Fail,
    /// The job is dropped: it counts as performed and is on no list.
    Discard,
    /// The job waits for so long, as if it had not been tried.
    Snooze(Duration),
    /// The job waits until then, as if it had not been tried.
    SnoozeUntil(SystemTime),
}
