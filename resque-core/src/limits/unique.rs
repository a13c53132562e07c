//! For how long a job is the only one of its kind.

use std::time::Duration;

/// For how long no second job of its kind is enqueued: said by a job type with
/// [`JobLimits::unique`](super::JobLimits::unique).
///
/// Every lock ends by itself after its life, a day if nothing is said, counted from when the job is
/// due and anew while it runs and when it is to be tried again. A worker of another make never frees
/// one, and neither does deleting a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unique {
    pub(super) ends: Ends,
    pub(super) life: Duration,
}

/// What ends a lock before its life is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// The start of the job.
    AtStart,
    /// Its end, whatever that is; but not a retry.
    WhenDone,
    /// Nothing.
    Never,
}

impl Unique {
    /// A day.
    const LIFE: Duration = Duration::from_secs(86_400);

    const fn new(ends: Ends, life: Duration) -> Self {
        Self { ends, life }
    }

    /// While one waits, no second one is enqueued; once it starts, the next one is. So nothing that
    /// happens during a run is missed. A job that is tried again after it has started has no lock.
    #[must_use]
    pub const fn while_queued() -> Self {
        Self::new(Ends::AtStart, Self::LIFE)
    }

    /// No second one is enqueued until the first is done, discarded, or in the failed list; retries
    /// belong to it.
    #[must_use]
    pub const fn until_done() -> Self {
        Self::new(Ends::WhenDone, Self::LIFE)
    }

    /// No second one is enqueued for this time after the first, whatever becomes of that.
    #[must_use]
    pub const fn for_time(time: Duration) -> Self {
        Self::new(Ends::Never, time)
    }

    /// The same with another life.
    #[must_use]
    pub const fn life(self, life: Duration) -> Self {
        Self { life, ..self }
    }
}
