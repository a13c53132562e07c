//! What becomes of a job whose attempt failed.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// What becomes of a job whose attempt failed; times are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Decision {
    /// It goes to the failed list.
    Fail,
    /// It goes to the failed list because it has cost so many workers that its policy tries no
    /// more.
    Quarantine,
    /// It waits until then and is tried again.
    RetryAt(SystemTime),
    /// It waits until then, as if it had not been tried.
    SnoozeUntil(SystemTime),
    /// It is dropped.
    Discard,
}
