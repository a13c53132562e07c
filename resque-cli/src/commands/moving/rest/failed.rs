//! The failed jobs.

use std::collections::BTreeSet;
use std::time::SystemTime;

use resque::{
    Error, FailureEntry, FailureFilter, FailureId, FailureOrder, FailureQuery, FailureRecord,
};

use super::super::Stores;
use super::{PORTION, gone};
use crate::failure::Failure;

/// The counter in the first store that tells how many failed jobs there were when the last portion
/// was about to be written.
const HERE: &str = "move:failed";
/// The same of the second store, or of the portion's queues there.
const THERE: &str = "move:failed:there";

/// Moves failed jobs, portion by portion.
pub(in super::super) struct Failed<'a> {
    stores: &'a Stores,
    query: FailureQuery,
    /// What an earlier start of the move noted.
    noted: Option<Noted>,
}

/// How many failed jobs there were when a portion was about to be written.
#[derive(Clone, Copy, Debug)]
struct Noted {
    here: u64,
    there: u64,
}

/// Part of the second store: the records of a queue, or all.
type Scope<'r> = Option<&'r str>;

impl<'a> Failed<'a> {
    pub(in super::super) async fn begin(stores: &'a Stores) -> Result<Self, Failure> {
        let stats = stores.from.stats()?;
        let (here, there) = (stats.get(HERE).await?, stats.get(THERE).await?);
        let noted = match (u64::try_from(here), u64::try_from(there)) {
            (Ok(here), Ok(there)) if here > 0 => Some(Noted { here, there }),
            _ => None,
        };
        Ok(Self {
            stores,
            query: FailureQuery::new(FailureFilter::default())
                .order(FailureOrder::OldestFirst)
                .limit(PORTION),
            noted,
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
        if self.is_there(records).await? {
            return Ok(());
        }
        self.note(records).await?;
        self.stores.target.failures().record(records).await?;
        Ok(())
    }

    /// Notes that a portion is about to be written. Whoever finds only one of the two numbers finds
    /// another count here, or one that fits.
    pub(in super::super) async fn note(&self, records: &[FailureRecord]) -> Result<(), Failure> {
        let scopes = self.scopes(records).await?;
        let (here, there) = (self.count().await?, self.count_there(&scopes).await?);
        let stats = self.stores.from.stats()?;
        for (name, count) in [(THERE, there), (HERE, here)] {
            stats.set(name, i64::try_from(count).unwrap_or(0)).await?;
        }
        Ok(())
    }

    /// Removes a portion here, and answers how many records are gone.
    pub(in super::super) async fn remove(&mut self, ids: &[FailureId]) -> Result<u64, Failure> {
        gone(self.stores.source.failures().remove(ids).await?)
    }

    /// Leaves no note behind.
    pub(in super::super) async fn end(self) -> Result<(), Failure> {
        let stats = self.stores.from.stats()?;
        stats.clear(HERE).await?;
        Ok(stats.clear(THERE).await?)
    }

    /// Whether an earlier start of the move has written this portion: nothing is removed here since
    /// then, exactly so many came there, and these are the newest. In doubt it has not: it is better
    /// to double some than to lose them.
    async fn is_there(&mut self, records: &[FailureRecord]) -> Result<bool, Failure> {
        let Some(noted) = self.noted.take() else {
            return Ok(false);
        };
        let scopes = self.scopes(records).await?;
        let grown = noted.there.checked_add(records.len() as u64);
        let is_grown = grown == Some(self.count_there(&scopes).await?);
        if !is_grown || self.count().await? != noted.here {
            return Ok(false);
        }
        for scope in scopes {
            let of_scope =
                |record: &&FailureRecord| scope.is_none_or(|queue| record.queue == queue);
            let wanted: Vec<_> = records.iter().filter(of_scope).collect();
            if !is_same_list(&wanted, &self.newest(scope, wanted.len()).await?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// In which parts of the second store these records arrive: where it counts by queue each queue
    /// is a list of its own, perhaps, so that only there the newest come first.
    async fn scopes<'r>(&self, records: &'r [FailureRecord]) -> Result<Vec<Scope<'r>>, Failure> {
        let queues: BTreeSet<&str> = records.iter().map(|record| &*record.queue).collect();
        let Some(first) = queues.first().copied() else {
            return Ok(Vec::new());
        };
        match self.stores.target.failures().count(Some(first)).await {
            Ok(_) => Ok(queues.into_iter().map(Some).collect()),
            Err(Error::NotOffered { .. }) => Ok(vec![None]),
            Err(error) => Err(error.into()),
        }
    }

    async fn count_there(&self, scopes: &[Scope<'_>]) -> Result<u64, Failure> {
        let mut count: u64 = 0;
        for scope in scopes {
            count = count.saturating_add(self.stores.target.failures().count(*scope).await?);
        }
        Ok(count)
    }

    /// So many of the newest records there.
    async fn newest(&self, scope: Scope<'_>, count: usize) -> Result<Vec<FailureRecord>, Failure> {
        let all = FailureFilter::default();
        let filter = scope.map_or(all, |queue| FailureFilter::default().queue(queue));
        let query = FailureQuery::new(filter)
            .order(FailureOrder::NewestFirst)
            .limit(count);
        let newest = self.stores.target.failures().list(&query).await?;
        Ok(readable(newest.entries).1)
    }
}

/// Whether both have the same records, each as often, in whatever order.
fn is_same_list(wanted: &[&FailureRecord], found: &[FailureRecord]) -> bool {
    let mut found: Vec<_> = found.iter().collect();
    let has = |record: &&FailureRecord| {
        let place = found.iter().position(|there| is_same(record, there));
        place.map(|place| found.swap_remove(place)).is_some()
    };
    wanted.iter().all(has)
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
