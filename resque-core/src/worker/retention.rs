//! Keeps the failed list from growing without end, if that is wanted.

use std::time::{Duration, SystemTime};

use crate::{
    Backend, Cursor, FailureEntry, FailureFilter, FailureId, FailureOrder, FailurePage,
    FailureQuery, FailureStore, Result,
};

/// How often the list is looked at.
const EVERY: Duration = Duration::from_secs(60);
/// How many records are read, or removed, in one call.
const CHUNK: usize = 1_000;
/// How many pages one look reads at most, so that a janitor has time for the dead.
const PAGES: usize = 20;

/// How many failed jobs stay on record, and for how long.
///
/// The oldest go first, in the rounds of a worker's janitor, once a minute. All workers of a fleet
/// should say the same: each removes what it finds too old or too many. Records that are too old but
/// stand behind younger ones, as after a move from another store, go little by little: besides the
/// front a round looks at a thousand records further on.
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
    /// How far the list has been searched for old records behind younger ones.
    searched: Option<Cursor>,
}

/// A look at the failed list.
struct Look<'a> {
    store: &'a dyn FailureStore,
    now: SystemTime,
    pages_left: usize,
    removed: u64,
}

impl Retention {
    pub(super) fn new(keep: KeepFailures) -> Self {
        Self {
            keep,
            next: Duration::ZERO,
            searched: None,
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
        let mut look = Look {
            store: &**backend.failures(),
            now,
            pages_left: PAGES,
            removed: 0,
        };
        if let Some(newest) = self.keep.newest {
            look.remove_surplus(newest).await?;
        }
        let before = self.keep.younger_than.and_then(|age| now.checked_sub(age));
        if let Some(before) = before {
            // Usually none is too old, and then the first record tells.
            look.remove_outdated(before, None, 1).await?;
            let from = self.searched.take();
            self.searched = look.remove_outdated(before, from, CHUNK).await?;
        }
        if look.removed > 0 {
            let removed = look.removed;
            tracing::info!(removed, "removed failed jobs that are not to be kept");
        }
        Ok(look.removed)
    }
}

impl Look<'_> {
    /// Removes the oldest records, as long as there are too many.
    async fn remove_surplus(&mut self, newest: u64) -> Result<()> {
        while self.pages_left > 0 && self.store.count(None).await? > newest {
            let oldest = self.page(None, CHUNK).await?;
            // Counted again behind the reading: what another janitor has removed before that was not
            // read, and what it removes from now on is removed here in vain. So none goes too many.
            let surplus = self.store.count(None).await?.saturating_sub(newest);
            let surplus = usize::try_from(surplus).unwrap_or(CHUNK);
            let ids = oldest.entries.into_iter().take(surplus);
            if self.remove(ids.map(|entry| entry.id).collect()).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Removes records of before this time, from here on up to a page where all is as it should be.
    /// Answers where it stopped, unless that is the end of the list.
    ///
    /// One record tells nothing of those behind it if nobody can read it, or if it comes from the
    /// future, as from a machine whose clock goes wrong.
    async fn remove_outdated(
        &mut self,
        before: SystemTime,
        mut from: Option<Cursor>,
        mut limit: usize,
    ) -> Result<Option<Cursor>> {
        while self.pages_left > 0 {
            let page = self.page(from, limit).await?;
            limit = CHUNK;
            let times = page.entries.iter().filter_map(failed_at);
            let may_end = times
                .clone()
                .any(|time| (before..=self.now).contains(&time));
            let outdated: Vec<FailureId> = page
                .entries
                .iter()
                .filter(|entry| failed_at(entry).is_some_and(|time| time < before))
                .map(|entry| entry.id.clone())
                .collect();
            let is_clean = outdated.is_empty();
            self.remove(outdated).await?;
            from = page.next;
            if from.is_none() || is_clean && may_end {
                break;
            }
        }
        Ok(from)
    }

    /// The oldest records, or those from here on.
    async fn page(&mut self, from: Option<Cursor>, limit: usize) -> Result<FailurePage> {
        self.pages_left = self.pages_left.saturating_sub(1);
        let query = FailureQuery::new(FailureFilter::default())
            .order(FailureOrder::OldestFirst)
            .limit(limit)
            .scan_budget(limit)
            .from(from);
        self.store.list(&query).await
    }

    /// Removes records, and answers how many these were.
    async fn remove(&mut self, ids: Vec<FailureId>) -> Result<usize> {
        if !ids.is_empty() {
            // One that has gone meanwhile was removed by another janitor or a person.
            let answers = self.store.remove(&ids).await?;
            self.removed += answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        }
        Ok(ids.len())
    }
}

/// When the job failed, if anybody can read that.
fn failed_at(entry: &FailureEntry) -> Option<SystemTime> {
    Some(entry.content.record()?.failed_at)
}
