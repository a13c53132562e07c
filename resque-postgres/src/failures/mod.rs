//! The failed jobs.

mod columns;
mod page;
mod text;

use std::collections::HashSet;
use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    FailureEntry, FailureId, FailurePage, FailureQuery, FailureRecord, FailureRetry, FailureStore,
    QueueName, Result,
};

use crate::stamp::Stamp;
use crate::store::{Store, counted, gone};
pub(crate) use columns::{Columns, Record};
use text::{escape, unescape};

#[async_trait]
impl FailureStore for Store {
    async fn record(&self, records: &[FailureRecord]) -> Result<()> {
        const TEXT: &str = "select resque.record_failures($1, $2, $3, $4, $5, $6, $7, $8)";
        let mut columns = Columns::default();
        for record in records {
            columns.push(&Record::of(record)?);
        }
        let query = columns.bind(self.statement(TEXT));
        self.rows("record failures", query).await?;
        Ok(())
    }

    async fn count(&self, queue: Option<&str>) -> Result<u64> {
        const TEXT: &str = "select coalesce(sum(c.share), 0)::bigint from resque.failure_counts c
            where $1::text is null or c.queue = $1";
        let query = self.statement(TEXT).bind(stored(queue));
        let row = self.row("count failures", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }

    async fn list(&self, query: &FailureQuery) -> Result<FailurePage> {
        self.page_of_failures(query).await
    }

    async fn get(&self, id: &FailureId) -> Result<Option<FailureEntry>> {
        match number(id) {
            Some(number) => self.failure_of(number).await,
            None => Ok(None),
        }
    }

    async fn retry(&self, batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>> {
        let now = Stamp::of(now)?;
        let mut answers = Vec::with_capacity(batch.len());
        for retry in batch {
            answers.push(self.retry_one(retry, now).await?);
        }
        Ok(answers)
    }

    async fn remove(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        const TEXT: &str = "delete from resque.failures where id = any ($1) returning id";
        let numbers: Vec<i64> = ids.iter().filter_map(number).collect();
        let rows = self
            .rows("remove failures", self.statement(TEXT).bind(numbers))
            .await?;
        let mut removed = HashSet::with_capacity(rows.len());
        for row in &rows {
            removed.insert(self.get::<i64, _>(row, 0)?);
        }
        let answer = |id: &FailureId| match number(id) {
            Some(number) if removed.remove(&number) => Ok(()),
            _ => Err(missing(id)),
        };
        Ok(ids.iter().map(answer).collect())
    }

    async fn clear(&self, queue: Option<&str>) -> Result<u64> {
        const TEXT: &str = "with removed as (
                delete from resque.failures f where $1::text is null or f.queue = $1 returning 1
            )
            select count(*) from removed";
        let query = self.statement(TEXT).bind(stored(queue));
        let row = self.row("clear failures", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }
}

impl Store {
    /// Puts one failed job back; an outage of the store is the outer error.
    async fn retry_one(&self, retry: &FailureRetry, now: Stamp) -> Result<Result<()>> {
        const TEXT: &str = "select * from resque.retry_failure($1, $2, $3, $4, $5)";
        let Some(number) = number(&retry.id) else {
            return Ok(Err(missing(&retry.id)));
        };
        let query = self
            .statement(TEXT)
            .bind(number)
            .bind(retry.queue.as_ref().map(QueueName::as_str))
            .bind(retry.keep)
            .bind(now)
            .bind(retry.unless_since.map(Stamp::of).transpose()?);
        let row = self.row("put a failed job back", query).await?;
        Ok(match self.get::<i32, _>(&row, "state")? {
            0 => Ok(()),
            1 => Err(missing(&retry.id)),
            _ => {
                let name: String = self.get(&row, "name")?;
                QueueName::new(unescape(name)).map(drop)
            }
        })
    }
}

/// The number in an id.
fn number(id: &FailureId) -> Option<i64> {
    id.as_str().parse().ok()
}

fn missing(id: &FailureId) -> resque_core::Error {
    gone("the failure", id.as_str())
}

/// The name of a queue as records have it.
fn stored(queue: Option<&str>) -> Option<String> {
    queue.map(|queue| escape(queue).into_owned())
}
