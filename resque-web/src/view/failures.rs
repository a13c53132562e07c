//! The failed jobs, a page at a time.

use resque_core::{Cursor, Error, FailureContent, FailureEntry, FailureQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{JobView, Moment, Order, Redaction, Wanted, clip, keep_seen, paging};
use crate::fault::Fault;
use crate::state::App;

/// How many records are read for one page, at most.
const BUDGET: usize = 2_000;
/// How much of a message is shown in a list.
const MOST_ERROR: usize = 400;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailuresPage {
    /// Which end comes first.
    #[serde(default)]
    #[param(inline)]
    pub(crate) order: Order,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many records, at most 500.
    pub(crate) limit: Option<usize>,
}

/// The failed jobs, a page at a time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Failures {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many records there are, whatever is wanted of them.
    pub(crate) total: u64,
    /// Which are wanted.
    pub(crate) wanted: Wanted,
    /// Which end comes first.
    pub(crate) order: Order,
    /// The records.
    pub(crate) failures: Vec<FailureRow>,
    /// How many records were read to find these. No page reads more than 2000; where they are used
    /// up, `next` goes on.
    pub(crate) read: u64,
    /// Where the next page begins, if there is more to read.
    pub(crate) next: Option<String>,
}

/// A record in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FailureRow {
    /// Its stable name.
    pub(crate) id: String,
    /// When it failed; none if nobody can read the record.
    pub(crate) failed_at: Option<Moment>,
    /// The queue the job came from.
    pub(crate) queue: String,
    /// The worker that held it.
    pub(crate) worker: String,
    /// The kind of error.
    pub(crate) exception: String,
    /// The beginning of its message.
    pub(crate) error: String,
    /// How often the job was tried.
    pub(crate) attempts: u32,
    /// When the job was put back into a queue, if it was.
    pub(crate) retried_at: Option<Moment>,
    /// The job; of a record that nobody can read, its bytes.
    pub(crate) job: JobView,
}

impl FailureRow {
    pub(crate) fn new(entry: &FailureEntry, redaction: &Redaction) -> Self {
        let id = entry.id.as_str().to_owned();
        let record = match &entry.content {
            FailureContent::Record(record) => record,
            FailureContent::Unreadable(bytes) => {
                return Self {
                    id,
                    failed_at: None,
                    queue: String::new(),
                    worker: String::new(),
                    exception: String::new(),
                    error: "nobody can read this record".to_owned(),
                    attempts: 0,
                    retried_at: None,
                    job: JobView::new(bytes, redaction),
                };
            }
        };
        Self {
            id,
            failed_at: Some(Moment::new(record.failed_at)),
            queue: record.queue.clone(),
            worker: record.worker.clone(),
            exception: clip(&record.exception, MOST_ERROR).0.to_owned(),
            error: clip(&record.error, MOST_ERROR).0.to_owned(),
            attempts: record.attempts(),
            retried_at: record.retried_at.map(Moment::new),
            job: JobView::new(&record.payload, redaction),
        }
    }
}

impl Failures {
    pub(crate) async fn ask(
        app: &App,
        wanted: &Wanted,
        page: &FailuresPage,
    ) -> Result<Self, Fault> {
        let query = FailureQuery::new(wanted.filter()?)
            .order(page.order.into())
            .from(cursor(page.after.as_deref()))
            .limit(paging::limit(page.limit))
            .scan_budget(BUDGET);
        let failures = app.client().failures()?;
        let found = failures.page(&query).await;
        let mut found = found.map_err(|error| stale(error, page.after.is_some()))?;
        keep_seen(&mut found.entries, &wanted.text, app.redaction());
        let row = |entry| FailureRow::new(entry, app.redaction());
        Ok(Self {
            now: app.now(),
            total: failures.count().await?,
            wanted: wanted.clone(),
            order: page.order,
            failures: found.entries.iter().map(row).collect(),
            read: found.scanned as u64,
            next: found.next.map(|next| next.as_str().to_owned()),
        })
    }
}

/// Where a page begins; an empty text is the beginning.
pub(crate) fn cursor(after: Option<&str>) -> Option<Cursor> {
    after.filter(|after| !after.is_empty()).map(Cursor::new)
}

/// A cursor that a store does not know came from the address and not from the store.
pub(crate) fn stale(error: Error, has_cursor: bool) -> Fault {
    match error {
        Error::Conflict { .. } if has_cursor => {
            Fault::misused("There is no such page; begin at the first one.")
        }
        error => error.into(),
    }
}
