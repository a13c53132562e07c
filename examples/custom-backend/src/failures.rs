//! The failed jobs.

use std::time::SystemTime;

use async_trait::async_trait;
use resque::{
    Cursor, Error, FailureEntry, FailureId, FailureOrder, FailurePage, FailureQuery, FailureRecord,
    FailureRetry, FailureStore, Result,
};

use crate::FileBackend;
use crate::state::{Failure, State, nanos, time};

#[async_trait]
impl FailureStore for FileBackend {
    async fn record(&self, records: &[FailureRecord]) -> Result<()> {
        self.write("record failures", |state| {
            for record in records {
                let id = state.fresh();
                state.failures.insert(id, Failure::from(record));
            }
            Ok(())
        })
    }

    // There is one list here, not one a queue: the argument only matters where there are several.
    async fn count(&self, _queue: Option<&str>) -> Result<u64> {
        self.read("count failures", |state| state.failures.len() as u64)
    }

    async fn list(&self, query: &FailureQuery) -> Result<FailurePage> {
        self.read("list failures", |state| list(state, query))?
    }

    async fn retry(&self, batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>> {
        self.write("retry failures", |state| {
            Ok(batch.iter().map(|one| retry(state, one, now)).collect())
        })
    }

    async fn remove(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        self.write("remove failures", |state| {
            let mut remove = |id| number(id).and_then(|n| state.failures.remove(&n)).map(drop);
            Ok(ids
                .iter()
                .map(|id| remove(id).ok_or_else(|| gone(id)))
                .collect())
        })
    }

    async fn clear(&self, _queue: Option<&str>) -> Result<u64> {
        self.write("clear failures", |state| {
            Ok(std::mem::take(&mut state.failures).len() as u64)
        })
    }
}

/// A page begins behind the last record that the one before it looked at, so records may come and
/// go between two pages.
fn list(state: &State, query: &FailureQuery) -> Result<FailurePage> {
    let seen = match &query.cursor {
        Some(cursor) => Some(
            cursor
                .as_str()
                .parse::<u64>()
                .map_err(|_| Error::Conflict {
                    what: format!("the cursor {:?}", cursor.as_str()),
                })?,
        ),
        None => None,
    };
    let all = state.failures.iter();
    Ok(match query.order {
        FailureOrder::OldestFirst => page(
            all.skip_while(|(id, _)| seen.is_some_and(|seen| **id <= seen)),
            query,
        ),
        FailureOrder::NewestFirst => page(
            all.rev()
                .skip_while(|(id, _)| seen.is_some_and(|seen| **id >= seen)),
            query,
        ),
    })
}

fn page<'a>(
    records: impl Iterator<Item = (&'a u64, &'a Failure)>,
    query: &FailureQuery,
) -> FailurePage {
    let mut records = records.peekable();
    let mut entries: Vec<FailureEntry> = Vec::new();
    let (mut scanned, mut last) = (0, None);
    while entries.len() < query.limit && scanned < query.scan_budget {
        let Some((id, failure)) = records.next() else {
            break;
        };
        (scanned, last) = (scanned + 1, Some(*id));
        let entry = failure.entry(*id);
        if query.filter.wants(&entry.content) {
            entries.push(entry);
        }
    }
    let more = records.peek().is_some();
    let next = last.filter(|_| more).map(|id| Cursor::new(id.to_string()));
    FailurePage::new(entries, next, scanned)
}

fn retry(state: &mut State, retry: &FailureRetry, now: SystemTime) -> Result<()> {
    let id = number(&retry.id).ok_or_else(|| gone(&retry.id))?;
    let failure = state.failures.get_mut(&id).ok_or_else(|| gone(&retry.id))?;
    if retry.comes_too_late(failure.retried_at.map(time)) {
        return Err(gone(&retry.id));
    }
    let payload = failure.payload.clone();
    let queue = match &retry.queue {
        Some(queue) => queue.clone(),
        None => failure.queue.parse()?,
    };
    if retry.keep {
        failure.retried_at = Some(nanos(now));
    } else {
        state.failures.remove(&id);
    }
    state.queue_up(queue.as_str(), payload);
    Ok(())
}

fn number(id: &FailureId) -> Option<u64> {
    id.as_str().parse().ok()
}

fn gone(id: &FailureId) -> Error {
    Error::Conflict {
        what: format!("the failure record {id}"),
    }
}
