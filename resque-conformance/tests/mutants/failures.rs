//! Mutants whose failed list is wrong.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Backend, Cursor, Error, FailureContent, FailureEntry, FailureId, FailureOrder, FailurePage,
    FailureQuery, FailureRecord, FailureRetry, QueueName, Result,
};

use super::twist::Twist;

/// All records, the oldest first.
async fn all(inner: &Backend) -> Result<Vec<FailureEntry>> {
    let mut query = FailureQuery::default();
    query.order = FailureOrder::OldestFirst;
    (query.limit, query.scan_budget) = (100_000, 100_000);
    Ok(inner.failures().list(&query).await?.entries)
}

/// A record is named by its place in the list.
#[derive(Debug)]
pub(crate) struct NamesRecordsByPlace;

/// The record that has this place now.
fn at_place<'a>(all: &'a [FailureEntry], id: &FailureId) -> FailureId {
    let place: Option<usize> = id.as_str().parse().ok();
    let entry: Option<&'a FailureEntry> = place.and_then(|place| all.get(place));
    entry.map_or(FailureId::new("none"), |entry| entry.id.clone())
}

#[async_trait]
impl Twist for NamesRecordsByPlace {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut page = inner.failures().list(query).await?;
        let all = all(inner).await?;
        for entry in &mut page.entries {
            let place = all.iter().position(|one| one.id == entry.id);
            entry.id = FailureId::new(place.unwrap_or(usize::MAX).to_string());
        }
        Ok(page)
    }

    async fn remove_failures(&self, inner: &Backend, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        let all = all(inner).await?;
        let ids: Vec<_> = ids.iter().map(|id| at_place(&all, id)).collect();
        inner.failures().remove(&ids).await
    }

    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let all = all(inner).await?;
        let mut batch = batch.to_vec();
        batch
            .iter_mut()
            .for_each(|retry| retry.id = at_place(&all, &retry.id));
        inner.failures().retry(&batch, now).await
    }
}

/// A page begins so many records behind the beginning, whatever happened to the list.
#[derive(Debug)]
pub(crate) struct PagesByPlace;

#[async_trait]
impl Twist for PagesByPlace {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let start: usize = query
            .cursor
            .as_ref()
            .map_or(0, |at| at.as_str().parse().unwrap_or(0));
        let mut entries = all(inner).await?;
        if query.order == FailureOrder::NewestFirst {
            entries.reverse();
        }
        let mut page = FailurePage::default();
        for (place, entry) in entries.iter().enumerate().skip(start) {
            page.scanned += 1;
            if query.filter.wants(&entry.content) {
                page.entries.push(entry.clone());
            }
            let full = page.entries.len() == query.limit || page.scanned == query.scan_budget;
            if full && place + 1 < entries.len() {
                page.next = Some(Cursor::new((place + 1).to_string()));
                break;
            }
        }
        Ok(page)
    }
}

/// A page reads as much as it needs.
#[derive(Debug)]
pub(crate) struct ReadsWithoutBudget;

#[async_trait]
impl Twist for ReadsWithoutBudget {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut query = query.clone();
        query.scan_budget = usize::MAX;
        inner.failures().list(&query).await
    }
}

/// A page whose budget ran out is the last one.
#[derive(Debug)]
pub(crate) struct GivesUpOnBudget;

#[async_trait]
impl Twist for GivesUpOnBudget {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut page = inner.failures().list(query).await?;
        if page.entries.len() < query.limit {
            page.next = None;
        }
        Ok(page)
    }
}

/// The oldest record is always shown first.
#[derive(Debug)]
pub(crate) struct ShowsTheOldestFirst;

#[async_trait]
impl Twist for ShowsTheOldestFirst {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut query = query.clone();
        query.order = FailureOrder::OldestFirst;
        inner.failures().list(&query).await
    }
}

/// No filter is heeded.
#[derive(Debug)]
pub(crate) struct IgnoresFilters;

#[async_trait]
impl Twist for IgnoresFilters {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut query = query.clone();
        query.filter = resque_core::FailureFilter::default();
        inner.failures().list(&query).await
    }
}

/// A record that was put back is not marked.
#[derive(Debug)]
pub(crate) struct ForgetsRetries;

#[async_trait]
impl Twist for ForgetsRetries {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut page = inner.failures().list(query).await?;
        for entry in &mut page.entries {
            if let FailureContent::Record(record) = &mut entry.content {
                record.retried_at = None;
            }
        }
        Ok(page)
    }
}

/// A record stays when it should go.
#[derive(Debug)]
pub(crate) struct KeepsRetriedRecords;

#[async_trait]
impl Twist for KeepsRetriedRecords {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(|retry| retry.keep = true);
        inner.failures().retry(&batch, now).await
    }
}

/// A failed job goes into its own queue, whichever was named.
#[derive(Debug)]
pub(crate) struct RetriesIntoTheOldQueue;

#[async_trait]
impl Twist for RetriesIntoTheOldQueue {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(|retry| retry.queue = None);
        inner.failures().retry(&batch, now).await
    }
}

/// A job whose error holds NUL is taken for one without a queue.
#[derive(Debug)]
pub(crate) struct StumblesOverNul;

#[async_trait]
impl Twist for StumblesOverNul {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let entries = all(inner).await?;
        let mut answers = Vec::with_capacity(batch.len());
        for retry in batch {
            let entry = entries.iter().find(|entry| entry.id == retry.id);
            let record = entry.and_then(|entry| entry.content.record());
            if retry.queue.is_none() && record.is_some_and(|record| record.error.contains('\0')) {
                answers.push(QueueName::new("\0").map(drop));
            } else {
                let one = std::slice::from_ref(retry);
                answers.extend(inner.failures().retry(one, now).await?);
            }
        }
        Ok(answers)
    }
}

/// A batch of retries ends at the first stale id.
#[derive(Debug)]
pub(crate) struct StopsAtStaleIds;

#[async_trait]
impl Twist for StopsAtStaleIds {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let mut answers = Vec::new();
        for one in batch {
            let answer = inner
                .failures()
                .retry(std::slice::from_ref(one), now)
                .await?;
            let stop = answer.iter().any(Result::is_err);
            answers.extend(answer);
            if stop {
                break;
            }
        }
        Ok(answers)
    }
}

/// The id of a record that has gone is no trouble.
#[derive(Debug)]
pub(crate) struct ForgivesGoneRecords;

#[async_trait]
impl Twist for ForgivesGoneRecords {
    async fn remove_failures(&self, inner: &Backend, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        let answers = inner.failures().remove(ids).await?;
        Ok(answers.into_iter().map(|_| Ok(())).collect())
    }
}

/// Clearing the failed list resets what was counted.
#[derive(Debug)]
pub(crate) struct ClearingResetsCounters;

#[async_trait]
impl Twist for ClearingResetsCounters {
    async fn clear_failures(&self, inner: &Backend, queue: Option<&str>) -> Result<u64> {
        inner.workers().clear_stat("failed").await?;
        inner.failures().clear(queue).await
    }
}

/// Equal records are recorded once.
#[derive(Debug)]
pub(crate) struct RecordsOnce;

#[async_trait]
impl Twist for RecordsOnce {
    async fn record(&self, inner: &Backend, records: &[FailureRecord]) -> Result<()> {
        let mut records = records.to_vec();
        records.dedup();
        inner.failures().record(&records).await
    }
}

/// The list is sorted by the time of the failure.
#[derive(Debug)]
pub(crate) struct SortsByTime;

#[async_trait]
impl Twist for SortsByTime {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut page = inner.failures().list(query).await?;
        let time = |entry: &FailureEntry| entry.content.record().map(|record| record.failed_at);
        page.entries.sort_by_key(time);
        if query.order == FailureOrder::NewestFirst {
            page.entries.reverse();
        }
        Ok(page)
    }
}

/// Every record is recorded twice.
#[derive(Debug)]
pub(crate) struct RecordsTwice;

#[async_trait]
impl Twist for RecordsTwice {
    async fn record(&self, inner: &Backend, records: &[FailureRecord]) -> Result<()> {
        inner.failures().record(records).await?;
        inner.failures().record(records).await
    }
}

/// A record that cannot be put back is dropped.
#[derive(Debug)]
pub(crate) struct DropsWhatHasNoQueue;

#[async_trait]
impl Twist for DropsWhatHasNoQueue {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let answers = inner.failures().retry(batch, now).await?;
        for (retry, answer) in batch.iter().zip(&answers) {
            if answer.is_err() {
                inner
                    .failures()
                    .remove(std::slice::from_ref(&retry.id))
                    .await?;
            }
        }
        Ok(answers)
    }
}

/// Of a large batch a thousand are removed, and all are said to be.
#[derive(Debug)]
pub(crate) struct RemovesAThousand;

#[async_trait]
impl Twist for RemovesAThousand {
    async fn remove_failures(&self, inner: &Backend, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        let mut answers = inner
            .failures()
            .remove(&ids[..ids.len().min(1_000)])
            .await?;
        answers.resize_with(ids.len(), || Ok(()));
        Ok(answers)
    }
}

/// A record that is put back becomes the newest.
#[derive(Debug)]
pub(crate) struct MovesRetriedRecords;

#[async_trait]
impl Twist for MovesRetriedRecords {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let answers = inner.failures().retry(batch, now).await?;
        let entries = all(inner).await?;
        for retry in batch {
            let entry = entries.iter().find(|entry| entry.id == retry.id);
            if let Some(record) = entry.and_then(|entry| entry.content.record()) {
                inner
                    .failures()
                    .remove(std::slice::from_ref(&retry.id))
                    .await?;
                inner
                    .failures()
                    .record(std::slice::from_ref(record))
                    .await?;
            }
        }
        Ok(answers)
    }
}

/// The next page repeats the last record of this one, oldest first.
#[derive(Debug)]
pub(crate) struct RepeatsOnTheNextPage;

#[async_trait]
impl Twist for RepeatsOnTheNextPage {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut query = query.clone();
        let place = query
            .cursor
            .as_ref()
            .and_then(|cursor| cursor.as_str().parse::<u64>().ok());
        if let (FailureOrder::OldestFirst, Some(place)) = (query.order, place) {
            query.cursor = Some(Cursor::new((place - 1).to_string()));
        }
        inner.failures().list(&query).await
    }
}

/// Behind an empty list there is another page.
#[derive(Debug)]
pub(crate) struct GoesOnBehindNothing;

#[async_trait]
impl Twist for GoesOnBehindNothing {
    async fn list_failures(&self, inner: &Backend, query: &FailureQuery) -> Result<FailurePage> {
        let mut page = inner.failures().list(query).await?;
        if page.entries.is_empty() && query.cursor.is_none() {
            page.next = Some(Cursor::new("0"));
        }
        Ok(page)
    }
}

/// Nobody counts further than five.
#[derive(Debug)]
pub(crate) struct CountsToFive;

#[async_trait]
impl Twist for CountsToFive {
    async fn count_failures(&self, inner: &Backend, queue: Option<&str>) -> Result<u64> {
        Ok(inner.failures().count(queue).await?.min(5))
    }
}

/// Finds the newest record whatever was asked for.
#[derive(Debug)]
pub(crate) struct FindsTheNewest;

#[async_trait]
impl Twist for FindsTheNewest {
    async fn get_failure(&self, inner: &Backend, _: &FailureId) -> Result<Option<FailureEntry>> {
        let page = inner.failures().list(&FailureQuery::default()).await?;
        Ok(page.entries.into_iter().next())
    }
}

/// A job is put back whenever it was put back before.
#[derive(Debug)]
pub(crate) struct RetriesWhateverWasRetried;

#[async_trait]
impl Twist for RetriesWhateverWasRetried {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(|retry| retry.unless_since = None);
        inner.failures().retry(&batch, now).await
    }
}

/// Whether a job was put back is looked at in a step of its own.
#[derive(Debug)]
pub(crate) struct LooksAndThenRetries;

#[async_trait]
impl Twist for LooksAndThenRetries {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let mut answers = Vec::with_capacity(batch.len());
        let mut retries = Vec::new();
        for retry in batch {
            let entry = inner.failures().get(&retry.id).await?;
            let record = entry.as_ref().and_then(|entry| entry.content.record());
            let late = record.is_some_and(|record| retry.comes_too_late(record.retried_at));
            answers.push(late);
            let mut retry = retry.clone();
            retry.unless_since = None;
            retries.extend((!late).then_some(retry));
        }
        // All who race come as far as this.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let mut done = inner.failures().retry(&retries, now).await?.into_iter();
        let late = || Error::Conflict {
            what: "the failure".to_owned(),
        };
        let answer = |is_late| match is_late {
            true => Err(late()),
            false => done.next().unwrap_or(Ok(())),
        };
        Ok(answers.into_iter().map(answer).collect())
    }
}
