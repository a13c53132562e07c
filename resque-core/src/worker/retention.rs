//! Keeps the failed list from growing without end, if that is wanted.

use std::time::{Duration, SystemTime};

use crate::{
    Backend, FailureEntry, FailureFilter, FailureId, FailureOrder, FailureQuery, FailureStore,
    Result,
};

/// How often the list is looked at.
const EVERY: Duration = Duration::from_secs(60);
/// How many records are removed in one call.
const CHUNK: usize = 1_000;
/// How many calls one look makes at most, so that a janitor has time for the dead.
const CALLS: usize = 20;

/// How many failed jobs stay on record, and for how long.
///
/// The oldest go first, in the rounds of a worker's janitor, once a minute. All workers of a fleet
/// should say the same: each removes what it finds too old or too many.
///
/// ```
/// use std::time::Duration;
/// use resque_core::worker::KeepFailures;
///
/// # fn example(backend: resque_core::Backend) {
/// let month = Duration::from_secs(30 * 24 * 3600);
/// let worker = resque_core::Worker::builder(backend)
///     .queues("*")
///     .keep_failures(KeepFailures::all().newest(100_000).younger_than(month));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct KeepFailures {
    newest: Option<u64>,
    younger_than: Option<Duration>,
}

impl KeepFailures {
    /// All of them, for ever.
    pub const fn all() -> Self {
        Self {
            newest: None,
            younger_than: None,
        }
    }

    /// Only so many, the newest.
    pub const fn newest(mut self, count: u64) -> Self {
        self.newest = Some(count);
        self
    }

    /// Only those that failed less than so long ago. A record that nobody can read has no time and
    /// stays.
    pub const fn younger_than(mut self, age: Duration) -> Self {
        self.younger_than = Some(age);
        self
    }

    fn is_all(self) -> bool {
        self == Self::all()
    }
}

/// The part of a janitor that looks at the failed list.
#[derive(Debug)]
pub(super) struct Retention {
    keep: KeepFailures,
    next: Duration,
}

impl Retention {
    pub(super) fn new(keep: KeepFailures) -> Self {
        Self {
            keep,
            next: Duration::ZERO,
        }
    }

    /// Removes what is not to be kept, if it is time to look; answers how many records went.
    pub(super) async fn round(
        &mut self,
        backend: &Backend,
        monotonic: Duration,
        now: SystemTime,
    ) -> Result<u64> {
        if self.keep.is_all() || monotonic < self.next {
            return Ok(0);
        }
        self.next = monotonic.saturating_add(EVERY);
        let store = &**backend.failures();
        let mut removed = 0;
        for _ in 0..CALLS {
            let mut ids = self.surplus(store).await?;
            if ids.is_empty() {
                ids = self.outdated(store, now).await?;
            }
            if ids.is_empty() {
                break;
            }
            // One that has gone meanwhile was removed by another janitor or a person.
            let answers = store.remove(&ids).await?;
            removed += answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        }
        if removed > 0 {
            tracing::info!(removed, "removed failed jobs that are not to be kept");
        }
        Ok(removed)
    }

    /// The oldest records, if there are too many.
    async fn surplus(&self, store: &dyn FailureStore) -> Result<Vec<FailureId>> {
        let Some(newest) = self.keep.newest else {
            return Ok(Vec::new());
        };
        if store.count(None).await? <= newest {
            return Ok(Vec::new());
        }
        let oldest = oldest(store, FailureFilter::default(), CHUNK).await?;
        // Counted again behind the reading: what another janitor has removed before that was not
        // read, and what it removes from now on is removed here in vain. So none goes too many.
        let surplus = store.count(None).await?.saturating_sub(newest);
        let surplus = usize::try_from(surplus).unwrap_or(CHUNK);
        Ok(ids(oldest.into_iter().take(surplus)))
    }

    /// Records that are too old.
    async fn outdated(&self, store: &dyn FailureStore, now: SystemTime) -> Result<Vec<FailureId>> {
        let before = self.keep.younger_than.and_then(|age| now.checked_sub(age));
        let Some(before) = before else {
            return Ok(Vec::new());
        };
        // Usually nothing is, and then one record tells.
        let first = oldest(store, FailureFilter::default(), 1).await?;
        let is_old = |entry: &FailureEntry| {
            let record = entry.content.record();
            record.is_none_or(|record| record.failed_at < before)
        };
        if !first.iter().any(is_old) {
            return Ok(Vec::new());
        }
        let filter = FailureFilter::default().until(before);
        Ok(ids(oldest(store, filter, CHUNK).await?.into_iter()))
    }
}

async fn oldest(
    store: &dyn FailureStore,
    filter: FailureFilter,
    limit: usize,
) -> Result<Vec<FailureEntry>> {
    let query = FailureQuery::new(filter)
        .order(FailureOrder::OldestFirst)
        .limit(limit)
        .scan_budget(CHUNK);
    Ok(store.list(&query).await?.entries)
}

fn ids(entries: impl Iterator<Item = FailureEntry>) -> Vec<FailureId> {
    entries.map(|entry| entry.id).collect()
}
