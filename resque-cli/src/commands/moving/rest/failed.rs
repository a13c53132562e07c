//! The failed jobs.

use std::time::SystemTime;

use resque::{FailureEntry, FailureFilter, FailureId, FailureOrder, FailureQuery, FailureRecord};

use super::super::Stores;
use super::{PORTION, gone};
use crate::failure::Failure;

/// The counter in the first store that tells how many failed jobs there were when the last portion
/// was about to be written.
const BEFORE: &str = "move:failed";
/// Among how many of the newest records there a portion is looked for.
const NEWEST: usize = 1_000;

/// Moves failed jobs, portion by portion.
pub(in super::super) struct Failed<'a> {
    stores: &'a Stores,
    query: FailureQuery,
    /// How many there were here when an earlier start of the move was about to write a portion.
    before: Option<u64>,
}

impl<'a> Failed<'a> {
    pub(in super::super) async fn begin(stores: &'a Stores) -> Result<Self, Failure> {
        let before = stores.from.stats()?.get(BEFORE).await?;
        Ok(Self {
            stores,
            query: FailureQuery::new(FailureFilter::default())
                .order(FailureOrder::OldestFirst)
                .limit(PORTION),
            before: u64::try_from(before).ok().filter(|before| *before > 0),
        })
    }

    pub(in super::super) async fn count(&self) -> Result<u64, Failure> {
        Ok(self.stores.source.failures().count(None).await?)
    }

    /// The next records that can be read, with their ids; the others stay.
    pub(in super::super) async fn portion(
        &mut self,
    ) -> Result<Option<(Vec<FailureId>, Vec<FailureRecord>)>, Failure> {
        loop {
            let page = self.stores.source.failures().list(&self.query).await?;
            let (ids, records) = readable(page.entries);
            if !ids.is_empty() {
                return Ok(Some((ids, records)));
            }
            match page.next {
                Some(next) => self.query = self.query.clone().from(Some(next)),
                None => return Ok(None),
            }
        }
    }

    /// Writes a portion, unless it is there already.
    pub(in super::super) async fn write(
        &mut self,
        records: &[FailureRecord],
    ) -> Result<(), Failure> {
        let count = self.count().await?;
        if self.before.take() == Some(count) && self.has(records).await? {
            return Ok(());
        }
        let stats = self.stores.from.stats()?;
        stats.set(BEFORE, i64::try_from(count).unwrap_or(0)).await?;
        self.stores.target.failures().record(records).await?;
        Ok(())
    }

    /// Removes a portion here, and answers how many records are gone.
    pub(in super::super) async fn remove(&mut self, ids: &[FailureId]) -> Result<u64, Failure> {
        gone(self.stores.source.failures().remove(ids).await?)
    }

    /// Leaves no note behind.
    pub(in super::super) async fn end(self) -> Result<(), Failure> {
        Ok(self.stores.from.stats()?.clear(BEFORE).await?)
    }

    /// Whether all these records are among the newest there.
    async fn has(&self, records: &[FailureRecord]) -> Result<bool, Failure> {
        let newest = FailureQuery::new(FailureFilter::default()).limit(NEWEST);
        let newest = self.stores.target.failures().list(&newest).await?;
        let (_, newest) = readable(newest.entries);
        let is_there = |record| newest.iter().any(|there| is_same(record, there));
        Ok(records.iter().all(is_there))
    }
}

/// Whether both tell of the same failure; not every store keeps parts of a second.
fn is_same(one: &FailureRecord, other: &FailureRecord) -> bool {
    let second = |record: &FailureRecord| {
        let since = record.failed_at.duration_since(SystemTime::UNIX_EPOCH);
        since.map(|since| since.as_secs()).unwrap_or_default()
    };
    second(one) == second(other)
        && one.payload == other.payload
        && (&one.exception, &one.error) == (&other.exception, &other.error)
        && (&one.worker, &one.queue) == (&other.worker, &other.queue)
}

fn readable(entries: Vec<FailureEntry>) -> (Vec<FailureId>, Vec<FailureRecord>) {
    let record = |entry: FailureEntry| {
        let record = entry.content.record()?.clone();
        Some((entry.id, record))
    };
    entries.into_iter().filter_map(record).unzip()
}
