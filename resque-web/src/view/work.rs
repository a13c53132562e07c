//! A worker and what it holds.

use resque_core::{Held, WorkerStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::{JobView, Moment, Redaction};

/// What a worker is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Work {
    /// The worker's id.
    pub(crate) worker: String,
    /// Its host.
    pub(crate) host: String,
    /// Its process, in ours with the number of the slot.
    pub(crate) pid: String,
    /// The queue that the job came from.
    pub(crate) queue: String,
    /// Since when it works on it, if that is known.
    pub(crate) since: Option<Moment>,
    /// The job.
    pub(crate) job: JobView,
}

impl Work {
    /// What a worker holds, if anything.
    pub(crate) fn of(worker: &WorkerStatus, redaction: &Redaction) -> Option<Self> {
        let held: &Held = worker.holds.as_ref()?;
        Some(Self {
            worker: worker.id.as_str().to_owned(),
            host: worker.id.host().to_owned(),
            pid: worker.id.pid().to_owned(),
            queue: held.queue.clone(),
            since: held.since.map(Moment::new),
            job: JobView::new(&held.payload, redaction),
        })
    }
}
