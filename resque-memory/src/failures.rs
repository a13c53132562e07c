//! The failed jobs.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::SystemTime;

use async_trait::async_trait;
use foldhash::fast::FixedState;
use resque_core::{
    Cursor, FailureContent, FailureEntry, FailureId, FailureOrder, FailurePage, FailureQuery,
    FailureRecord, FailureRetry, FailureStore, QueueName, Result,
};

use crate::MemoryBackend;
use crate::jobs::Job;
use crate::store::{State, gone};

/// The records, the oldest first, by a number that is never given again.
#[derive(Default)]
pub(crate) struct Failures {
    records: BTreeMap<u64, FailureContent>,
    /// How many records each queue has.
    by_queue: HashMap<String, u64, FixedState>,
    last: u64,
}

impl Failures {
    /// Adds a record as the newest.
    pub(crate) fn add(&mut self, record: Box<FailureRecord>) {
        self.last += 1;
        match self.by_queue.get_mut(&record.queue) {
            Some(count) => *count += 1,
            None => {
                self.by_queue.insert(record.queue.clone(), 1);
            }
        }
        let content = FailureContent::Record(record);
        self.records.insert(self.last, content);
    }

    /// Takes everything out; numbers go on.
    pub(crate) fn clear_all(&mut self) -> Self {
        let last = self.last;
        std::mem::replace(
            self,
            Self {
                last,
                ..Self::default()
            },
        )
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    fn count(&self, queue: Option<&str>) -> u64 {
        match queue {
            Some(queue) => self.by_queue.get(queue).copied().unwrap_or(0),
            None => self.records.len() as u64,
        }
    }

    fn get(&self, id: &FailureId) -> Option<FailureEntry> {
        let content = self.records.get(&id.as_str().parse().ok()?)?;
        Some(FailureEntry {
            id: id.clone(),
            content: content.clone(),
        })
    }

    fn get_mut(&mut self, id: &FailureId) -> Option<&mut FailureRecord> {
        let number = id.as_str().parse().ok()?;
        match self.records.get_mut(&number)? {
            FailureContent::Record(record) => Some(record),
            FailureContent::Unreadable(_) => None,
        }
    }

    fn remove(&mut self, id: &FailureId) -> Option<FailureContent> {
        let content = self.records.remove(&id.as_str().parse().ok()?)?;
        let queue = content.record().map(|record| record.queue.as_str());
        if let Some(queue) = queue
            && let Some(count) = self.by_queue.get_mut(queue)
        {
            *count -= 1;
            if *count == 0 {
                self.by_queue.remove(queue);
            }
        }
        Some(content)
    }

    /// Takes out all records, or those of one queue.
    fn clear(&mut self, queue: Option<&str>) -> BTreeMap<u64, FailureContent> {
        let Some(queue) = queue else {
            self.by_queue.clear();
            return std::mem::take(&mut self.records);
        };
        if self.by_queue.remove(queue).is_none() {
            return BTreeMap::new();
        }
        let of_queue =
            |content: &FailureContent| content.record().is_some_and(|r| r.queue == queue);
        let (cleared, kept) = std::mem::take(&mut self.records)
            .into_iter()
            .partition(|(_, content)| of_queue(content));
        self.records = kept;
        cleared
    }

    fn list(&self, query: &FailureQuery) -> Result<FailurePage> {
        let after = query.cursor.as_ref().map(number_of).transpose()?;
        Ok(match query.order {
            FailureOrder::OldestFirst => {
                let start = after.map_or(Bound::Unbounded, Bound::Excluded);
                page(query, self.records.range((start, Bound::Unbounded)))
            }
            FailureOrder::NewestFirst => {
                let end = after.map_or(Bound::Unbounded, Bound::Excluded);
                page(query, self.records.range((Bound::Unbounded, end)).rev())
            }
        })
    }
}

/// The number in a cursor: the last record that was read for the page before.
fn number_of(cursor: &Cursor) -> Result<u64> {
    let number = cursor.as_str().parse();
    number.map_err(|_| gone("the cursor", cursor.as_str()))
}

fn page<'a>(
    query: &FailureQuery,
    records: impl Iterator<Item = (&'a u64, &'a FailureContent)>,
) -> FailurePage {
    let mut records = records.peekable();
    let mut entries = Vec::new();
    let (mut scanned, mut last) = (0, None);
    while entries.len() < query.limit
        && scanned < query.scan_budget
        && let Some((number, content)) = records.next()
    {
        scanned += 1;
        last = Some(number);
        if query.filter.wants(content) {
            entries.push(FailureEntry {
                id: FailureId::new(number.to_string()),
                content: content.clone(),
            });
        }
    }
    let more = last.filter(|_| records.peek().is_some());
    let next = more.map(|number| Cursor::new(number.to_string()));
    FailurePage::new(entries, next, scanned)
}

impl State {
    /// Puts one failed job back into a queue.
    fn retry(&mut self, retry: &FailureRetry, now: SystemTime) -> Result<()> {
        let record = self.failures.get_mut(&retry.id);
        let record = record.ok_or_else(|| gone("the failure", retry.id.as_str()))?;
        if retry.comes_too_late(record.retried_at) {
            return Err(gone("the failure", retry.id.as_str()));
        }
        let queue = match &retry.queue {
            Some(queue) => queue.clone(),
            None => QueueName::new(&record.queue)?,
        };
        let job = Job {
            payload: record.payload.clone(),
            since: now,
        };
        record.retried_at = Some(now);
        if !retry.keep {
            self.failures.remove(&retry.id);
        }
        self.queues.put_back(&queue, job);
        Ok(())
    }
}

#[async_trait]
impl FailureStore for MemoryBackend {
    async fn record(&self, records: &[FailureRecord]) -> Result<()> {
        let boxed = records.iter().cloned().map(Box::new);
        self.store
            .step(|state| boxed.for_each(|record| state.failures.add(record)));
        Ok(())
    }

    async fn count(&self, queue: Option<&str>) -> Result<u64> {
        Ok(self.store.step(|state| state.failures.count(queue)))
    }

    async fn list(&self, query: &FailureQuery) -> Result<FailurePage> {
        self.store.step(|state| state.failures.list(query))
    }

    async fn get(&self, id: &FailureId) -> Result<Option<FailureEntry>> {
        Ok(self.store.step(|state| state.failures.get(id)))
    }

    async fn retry(&self, batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>> {
        let retry = |retry| self.store.step(|state| state.retry(retry, now));
        Ok(batch.iter().map(retry).collect())
    }

    async fn remove(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        let remove = |id: &FailureId| {
            let removed = self.store.step(|state| state.failures.remove(id));
            let missing = || gone("the failure", id.as_str());
            removed.map(drop).ok_or_else(missing)
        };
        Ok(ids.iter().map(remove).collect())
    }

    async fn clear(&self, queue: Option<&str>) -> Result<u64> {
        // A million records are dropped without the lock.
        let cleared = self.store.step(|state| state.failures.clear(queue));
        Ok(cleared.len() as u64)
    }
}

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
