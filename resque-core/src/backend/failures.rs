//! The failed jobs of a store.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{
    FailureEntry, FailureId, FailureOrder, FailurePage, FailureQuery, FailureRecord, FailureRetry,
    Result,
};

/// Records of failed jobs.
///
/// Records are found by stable ids, never by their place in the list. An id whose record has gone
/// answers [`crate::Error::Conflict`] and touches no other record.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait FailureStore: Debug + Send + Sync + 'static {
    /// Adds records, in order. (A settlement records its failure by itself.)
    async fn record(&self, records: &[FailureRecord]) -> Result<()>;

    /// How many records there are: all, or those of one queue. Constant time.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] for one queue where a single list holds the records of all, so
    /// that counting would have to read them: Redis under [`crate::FailureLayout::Single`]. A
    /// filtered [`list`](Self::list) finds them there.
    async fn count(&self, queue: Option<&str>) -> Result<u64>;

    /// One page of records. Reads at most [`FailureQuery::scan_budget`] of them.
    async fn list(&self, query: &FailureQuery) -> Result<FailurePage>;

    /// The record of this id, if there is one still.
    ///
    /// Unless this is overridden it looks through all records, the newest first, which is slow where
    /// they are many.
    async fn get(&self, id: &FailureId) -> Result<Option<FailureEntry>> {
        let mut query = FailureQuery::default()
            .order(FailureOrder::NewestFirst)
            .limit(1_000);
        loop {
            let page = self.list(&query).await?;
            let found = page.entries.into_iter().find(|entry| entry.id == *id);
            match page.next {
                Some(next) if found.is_none() => query.cursor = Some(next),
                _ => return Ok(found),
            }
        }
    }

    /// Puts failed jobs back into queues, byte for byte as they were pushed, and marks or removes
    /// their records, each in one step. Answers in the order of the list.
    ///
    /// The backend must look at [`FailureRetry::unless_since`] in that same step: of two that put the
    /// same job back at the same time only one does, and the other is answered
    /// [`crate::Error::Conflict`].
    async fn retry(&self, batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>>;

    /// Removes records. Answers in the order of the list.
    async fn remove(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>>;

    /// Removes all records, or those of one queue, and answers how many there were. Counters stay.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] as for [`count`](Self::count).
    async fn clear(&self, queue: Option<&str>) -> Result<u64>;
}
