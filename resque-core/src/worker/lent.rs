//! Puts back jobs that were lent to programs that are no workers, and whose time is over.

use std::time::{Duration, SystemTime};

use crate::{Backend, LARGEST_LENDING, Result};

/// How often a store is asked in which nothing is lent.
const SELDOM: Duration = Duration::from_secs(60);
/// How many calls one look makes at most, so that a janitor has time for the dead.
const CALLS: usize = 20;

/// The part of a janitor that looks at what is lent.
///
/// Whoever lends puts back what is over, too; this is for jobs of a queue from which nobody borrows
/// any more. A fleet that lends nothing is asked for it once a minute.
#[derive(Debug, Default)]
pub(super) struct LentJobs {
    next: Duration,
}

impl LentJobs {
    /// Puts back what is over, if it is time to look; answers how many jobs went back.
    pub(super) async fn round(
        &mut self,
        backend: &Backend,
        monotonic: Duration,
        now: SystemTime,
    ) -> Result<usize> {
        let Some(loans) = backend.queues().loans() else {
            return Ok(0);
        };
        if monotonic < self.next {
            return Ok(0);
        }
        let mut jobs = 0;
        let mut next_over = None;
        for _ in 0..CALLS {
            let put_back = loans.put_back(LARGEST_LENDING, now).await?;
            jobs += put_back.jobs;
            next_over = put_back.next_over;
            for error in put_back.troubles {
                tracing::warn!(%error, "a lent job cannot be put back");
            }
            if put_back.jobs < LARGEST_LENDING {
                break;
            }
        }
        let quiet = next_over.map(|over| over.duration_since(now).unwrap_or_default());
        // Somebody may borrow for a shorter time meanwhile.
        let quiet = quiet.map_or(SELDOM, |quiet| quiet.min(SELDOM));
        self.next = monotonic.saturating_add(quiet);
        if jobs > 0 {
            tracing::info!(jobs, "put back lent jobs whose time was over");
        }
        Ok(jobs)
    }
}
