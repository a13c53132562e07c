//! One queue and what waits in it.

use resque_core::{Page, Payload, QueueName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{JobView, Moment, paging};
use crate::fault::Fault;
use crate::state::App;

/// What marks of waiting jobs are signed for.
const PURPOSE: &str = "waiting job";

/// Which queue, and from where.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueueQuery {
    /// Its name.
    pub(crate) name: String,
    /// How many jobs to pass over: `next` of the page before.
    #[serde(default)]
    pub(crate) from: u32,
    /// How many, at most 500.
    pub(crate) limit: Option<usize>,
}

/// One queue and what waits in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Queue {
    /// When it was read.
    pub(crate) now: Moment,
    /// Its name.
    pub(crate) name: String,
    /// Whether it exists.
    pub(crate) exists: bool,
    /// How many jobs wait in it.
    pub(crate) length: u64,
    /// Whether it gives no jobs; none where queues cannot be stopped.
    pub(crate) stopped: Option<bool>,
    /// Since when its oldest job waits, where the backend knows.
    pub(crate) oldest: Option<Moment>,
    /// The place of the first job shown, the next one to be taken being 0.
    pub(crate) from: u32,
    /// The jobs, the next one to be taken first.
    pub(crate) jobs: Vec<WaitingJob>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<u32>,
    /// Where the page before begins, if there is one.
    pub(crate) before: Option<u32>,
}

/// A job that waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WaitingJob {
    /// Its place in the queue when it was read, for people and as a hint where to look for it.
    pub(crate) at: u32,
    /// What stands for its exact bytes.
    pub(crate) mark: String,
    /// The job.
    pub(crate) job: JobView,
}

impl Queue {
    pub(crate) async fn ask(app: &App, query: &QueueQuery) -> Result<Self, Fault> {
        let name = QueueName::new(&query.name)?;
        let glance = app.glance().await?;
        let status = glance.queues.get(name.as_str());
        let limit = paging::limit(query.limit);
        let page = paging::From {
            from: query.from,
            limit: Some(limit),
        };
        let count = u32::try_from(limit).unwrap_or(u32::MAX);
        let client = app.client();
        let (jobs, length) = futures::try_join!(
            client.peek(name.as_str(), Page::new(query.from, count)),
            client.size(name.as_str())
        )?;
        let jobs: Vec<_> = (query.from..)
            .zip(&jobs)
            .map(|(at, job)| WaitingJob {
                at,
                mark: mark(app, &name, job.payload()),
                job: JobView::new(job.payload(), app.redaction()),
            })
            .collect();
        let can_stop = glance.paused.is_some();
        Ok(Self {
            now: glance.at,
            exists: status.is_some() || length > 0,
            length,
            stopped: can_stop.then(|| status.is_some_and(|status| status.stopped)),
            oldest: status.and_then(|status| status.oldest).map(Moment::new),
            from: query.from,
            next: page.next(jobs.len(), length),
            before: page.before(),
            jobs,
            name: name.as_str().to_owned(),
        })
    }
}

/// What stands for the exact bytes of a job in a queue, without telling them.
pub(crate) fn mark(app: &App, queue: &QueueName, payload: &Payload) -> String {
    let parts = [queue.as_str().as_bytes(), payload.as_bytes()];
    app.secret().mark(PURPOSE, &parts)
}
