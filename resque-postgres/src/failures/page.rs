//! Listing failed jobs.

use resque_core::{
    Cursor, FailureContent, FailureEntry, FailureId, FailureOrder, FailurePage, FailureQuery,
    FailureRecord, Payload, Result,
};
use sqlx::postgres::PgRow;

use super::text::unescape;
use crate::stamp::Stamp;
use crate::store::{Store, gone};

/// How many records are fetched at once to look for wanted ones.
const CHUNK: usize = 200;

const NEWEST: &str = "select * from resque.failures f where f.id < $1 order by f.id desc limit $2";
const OLDEST: &str = "select * from resque.failures f where f.id > $1 order by f.id limit $2";

impl Store {
    /// Reads records until the page is full, the scan budget spent or the list at its end.
    pub(super) async fn page_of_failures(&self, query: &FailureQuery) -> Result<FailurePage> {
        let (text, start) = match query.order {
            FailureOrder::NewestFirst => (NEWEST, i64::MAX),
            FailureOrder::OldestFirst => (OLDEST, i64::MIN),
        };
        let mut after = match &query.cursor {
            Some(cursor) => number_of(cursor)?,
            None => start,
        };
        let mut entries = Vec::new();
        let mut scanned = 0;
        while entries.len() < query.limit && scanned < query.scan_budget {
            let chunk = if query.filter.is_empty() {
                query.limit - entries.len()
            } else {
                CHUNK
            };
            let chunk = chunk.min(query.scan_budget - scanned).min(CHUNK * 5);
            // One more tells whether there is more.
            let limit = i64::try_from(chunk + 1).unwrap_or(i64::MAX);
            let statement = self.statement(text).bind(after).bind(limit);
            let rows = self.rows("list failures", statement).await?;
            for row in rows.iter().take(chunk) {
                if entries.len() == query.limit {
                    break;
                }
                let number: i64 = self.get(row, "id")?;
                let content = FailureContent::Record(Box::new(self.record_of(row)?));
                scanned += 1;
                after = number;
                if query.filter.wants(&content) {
                    let id = FailureId::new(number.to_string());
                    entries.push(FailureEntry { id, content });
                }
            }
            if rows.len() <= chunk {
                let last = rows
                    .last()
                    .map(|row| self.get::<i64, _>(row, "id"))
                    .transpose()?;
                if last.is_none_or(|last| last == after) {
                    return Ok(FailurePage::new(entries, None, scanned));
                }
            }
        }
        let next = Cursor::new(after.to_string());
        Ok(FailurePage::new(entries, Some(next), scanned))
    }

    /// The record of this number, if there is one still.
    pub(super) async fn failure_of(&self, number: i64) -> Result<Option<FailureEntry>> {
        const TEXT: &str = "select * from resque.failures f where f.id = $1";
        let rows = self.rows("read a failure", self.statement(TEXT).bind(number));
        let entry = |row| {
            Ok(FailureEntry {
                id: FailureId::new(number.to_string()),
                content: FailureContent::Record(Box::new(self.record_of(row)?)),
            })
        };
        rows.await?.first().map(entry).transpose()
    }

    fn record_of(&self, row: &PgRow) -> Result<FailureRecord> {
        let text = |column| Ok(unescape(self.get(row, column)?));
        let failed_at = self.get::<Stamp, _>(row, "failed_at")?.time();
        let payload: Vec<u8> = self.get(row, "payload")?;
        let backtrace: Vec<String> = self.get(row, "backtrace")?;
        let backtrace = backtrace.into_iter().map(unescape);
        let retried: Option<Stamp> = self.get(row, "retried_at")?;
        let (exception, error) = (text("exception")?, text("error")?);
        let mut record = FailureRecord::new(failed_at, Payload::new(payload), exception, error)
            .on(text("worker")?, text("queue")?)
            .backtrace(backtrace.collect());
        record.retried_at = retried.map(Stamp::time);
        Ok(record)
    }
}

/// The number in a cursor: the last record that was read for the page before.
fn number_of(cursor: &Cursor) -> Result<i64> {
    let number = cursor.as_str().parse();
    number.map_err(|_| gone("the cursor", cursor.as_str()))
}
