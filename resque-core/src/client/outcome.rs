//! What became of a job that was to be enqueued.

use std::time::SystemTime;

/// What became of a job that was to be enqueued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enqueued {
    /// It waits in its queue.
    Queued {
        /// The length of the queue with this job.
        length: u64,
    },
    /// It waits in the delayed set.
    Delayed {
        /// When it becomes visible.
        due: SystemTime,
    },
    /// A `before_enqueue` hook said no.
    Refused,
    /// One like it is there already, and the job is unique ([`crate::JobLimits::unique`]).
    Duplicate,
    /// It was performed at once, in inline mode.
    Performed,
}

impl Enqueued {
    /// Whether the job was taken: what Ruby's `true` says, where `nil` is a refusal.
    #[must_use]
    pub fn is_taken(self) -> bool {
        !matches!(self, Self::Refused | Self::Duplicate)
    }
}
