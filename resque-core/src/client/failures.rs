//! The failed jobs.

use super::{CHUNK, Client};
use crate::{
    FailureEntry, FailureFilter, FailureId, FailureOrder, FailurePage, FailureQuery, FailureRecord,
    FailureRetry, FailureStore, Result,
};

/// The failed jobs of a store.
///
/// Records are known by stable ids. Resque's calls by position are there too, for reading only
/// ([`all`](Failures::all)): a position is another record as soon as somebody removes one.
///
/// # Errors
///
/// All methods fail as [`FailureStore`] says; an id whose record has gone is
/// [`crate::Error::Conflict`].
#[derive(Clone, Copy, Debug)]
pub struct Failures<'a> {
    client: &'a Client,
    store: &'a dyn FailureStore,
}

impl Client {
    /// The failed jobs.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] in inline mode.
    pub fn failures(&self) -> Result<Failures<'_>> {
        let store = &**self.store("looking at failures")?.failures();
        Ok(Failures {
            client: self,
            store,
        })
    }
}

impl Failures<'_> {
    /// How many records there are.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn count(&self) -> Result<u64> {
        self.store.count(None).await
    }

    /// How many records a filter wants. Reads all records.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn count_where(&self, filter: &FailureFilter) -> Result<u64> {
        let mut count = 0;
        self.read(filter, |_| {
            count += 1;
            true
        })
        .await?;
        Ok(count)
    }

    /// Adds a record, as Ruby's `Failure.create` does.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn record(&self, record: FailureRecord) -> Result<()> {
        self.store.record(&[record]).await
    }

    /// One page of records.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn page(&self, query: &FailureQuery) -> Result<FailurePage> {
        self.store.list(query).await
    }

    /// The record of this id, if there is one still.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn get(&self, id: &FailureId) -> Result<Option<FailureEntry>> {
        self.store.get(id).await
    }

    /// `limit` records from `offset`, counted from the oldest, as Resque counts. Reads all records
    /// before them: to page through many, use [`page`](Failures::page).
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn all(&self, offset: usize, limit: usize) -> Result<Vec<FailureEntry>> {
        let mut entries = Vec::new();
        let mut skip = offset;
        if limit == 0 {
            return Ok(entries);
        }
        self.read(&FailureFilter::default(), |entry| {
            if skip > 0 {
                skip -= 1;
            } else {
                entries.push(entry);
            }
            entries.len() < limit
        })
        .await?;
        Ok(entries)
    }

    /// Calls `visit` with each record that the filter wants, the oldest first, until it answers
    /// `false`.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn each(
        &self,
        filter: &FailureFilter,
        visit: impl FnMut(FailureEntry) -> bool + Send,
    ) -> Result<()> {
        self.read(filter, visit).await
    }

    /// Puts a failed job back into the queue it came from, byte for byte; the record stays, marked
    /// with the time.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn retry(&self, id: &FailureId) -> Result<()> {
        self.retry_as(FailureRetry::new(id.clone())).await
    }

    /// Puts a failed job back as the retry says: into another queue, or without keeping the record.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn retry_as(&self, retry: FailureRetry) -> Result<()> {
        let now = self.client.store_time().await?;
        self.store
            .retry(&[retry], now)
            .await?
            .pop()
            .unwrap_or(Ok(()))
    }

    /// Puts all failed jobs back into the queues they came from, and answers how many; also those
    /// that were put back before, as Resque does. The records stay, marked with the time.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn retry_all(&self) -> Result<u64> {
        self.retry_where(&FailureFilter::default()).await
    }

    /// Puts back all failed jobs that came from this queue; else as
    /// [`retry_all`](Failures::retry_all).
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn retry_queue(&self, queue: &str) -> Result<u64> {
        self.retry_where(&of_queue(queue)).await
    }

    /// Puts back all failed jobs that the filter wants, and answers how many.
    ///
    /// The records are found first, so that a job that fails again at once is not put back again.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn retry_where(&self, filter: &FailureFilter) -> Result<u64> {
        let retries: Vec<FailureRetry> = self
            .readable_ids(filter)
            .await?
            .into_iter()
            .map(FailureRetry::new)
            .collect();
        self.retry_list(&retries).await
    }

    pub(super) async fn retry_list(&self, retries: &[FailureRetry]) -> Result<u64> {
        let mut done = 0;
        for chunk in retries.chunks(CHUNK) {
            let now = self.client.store_time().await?;
            done += count_done(self.store.retry(chunk, now).await?)?;
        }
        Ok(done)
    }

    /// Removes a record.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn remove(&self, id: &FailureId) -> Result<()> {
        self.store
            .remove(std::slice::from_ref(id))
            .await?
            .pop()
            .unwrap_or(Ok(()))
    }

    /// Removes all records of jobs that came from this queue, and answers how many.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn remove_queue(&self, queue: &str) -> Result<u64> {
        self.remove_where(&of_queue(queue)).await
    }

    /// Removes all records whose job was put back, and answers how many.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn clear_retried(&self) -> Result<u64> {
        self.remove_where(&FailureFilter::default().retried(true))
            .await
    }

    /// Removes all records that the filter wants, and answers how many.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn remove_where(&self, filter: &FailureFilter) -> Result<u64> {
        let mut ids = Vec::new();
        self.read(filter, |entry| {
            ids.push(entry.id);
            true
        })
        .await?;
        self.remove_list(&ids).await
    }

    pub(super) async fn remove_list(&self, ids: &[FailureId]) -> Result<u64> {
        let mut done = 0;
        for chunk in ids.chunks(CHUNK) {
            done += count_done(self.store.remove(chunk).await?)?;
        }
        Ok(done)
    }

    /// Removes all records and answers how many there were. Counters stay.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn clear(&self) -> Result<u64> {
        self.store.clear(None).await
    }

    async fn readable_ids(&self, filter: &FailureFilter) -> Result<Vec<FailureId>> {
        let mut ids = Vec::new();
        self.read(filter, |entry| {
            // A record that nobody can read names no job to put back.
            ids.extend(entry.content.record().is_some().then_some(entry.id));
            true
        })
        .await?;
        Ok(ids)
    }

    /// Reads records from the oldest to the one that was the newest when reading began.
    async fn read(
        &self,
        filter: &FailureFilter,
        mut visit: impl FnMut(FailureEntry) -> bool + Send,
    ) -> Result<()> {
        let mut left = self.store.count(None).await?;
        let mut query = FailureQuery::new(filter.clone())
            .order(FailureOrder::OldestFirst)
            .limit(CHUNK);
        while left > 0 {
            query.scan_budget = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let page = self.store.list(&query).await?;
            for entry in page.entries {
                if !visit(entry) {
                    return Ok(());
                }
            }
            left = left.saturating_sub(page.scanned as u64);
            match page.next {
                Some(next) if page.scanned > 0 => query.cursor = Some(next),
                _ => break,
            }
        }
        Ok(())
    }
}

fn of_queue(queue: &str) -> FailureFilter {
    FailureFilter::default().queue(queue)
}

/// Counts what was done; a record that went meanwhile is no error.
fn count_done(answers: Vec<Result<()>>) -> Result<u64> {
    let mut done = 0;
    for answer in answers {
        match answer {
            Ok(()) => done += 1,
            Err(crate::Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
