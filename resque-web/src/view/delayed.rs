//! The jobs that wait for their time, a page at a time.

use resque_core::DelayedJob;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::failures::{cursor, stale};
use super::{JobView, Moment, Redaction, paging};
use crate::fault::Fault;
use crate::state::App;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DelayedQuery {
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many jobs, at most 500.
    pub(crate) limit: Option<usize>,
}

/// The jobs that wait for their time, in the order of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Delayed {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many there are.
    pub(crate) total: u64,
    /// The jobs.
    pub(crate) jobs: Vec<DelayedRow>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// A job that waits for its time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DelayedRow {
    /// Its name.
    pub(crate) id: String,
    /// When it goes into its queue.
    pub(crate) due: Moment,
    /// That queue; none for an item of another program that names none.
    pub(crate) queue: Option<String>,
    /// The job.
    pub(crate) job: JobView,
}

impl DelayedRow {
    pub(crate) fn new(job: &DelayedJob, redaction: &Redaction) -> Self {
        Self {
            id: job.id.as_str().to_owned(),
            due: job.due.into(),
            queue: job.queue.as_ref().map(|queue| queue.as_str().to_owned()),
            job: JobView::new(&job.payload, redaction),
        }
    }
}

impl Delayed {
    pub(crate) async fn ask(app: &App, query: &DelayedQuery) -> Result<Self, Fault> {
        let delayed = app.client().delayed()?;
        let cursor = cursor(query.after.as_deref());
        let page = delayed.page(cursor.as_ref(), paging::limit(query.limit));
        let page = page.await.map_err(|error| stale(error, cursor.is_some()))?;
        let row = |job| DelayedRow::new(job, app.redaction());
        Ok(Self {
            now: app.now(),
            total: delayed.count().await?,
            jobs: page.jobs.iter().map(row).collect(),
            next: page.next.map(|next| next.as_str().to_owned()),
        })
    }
}
