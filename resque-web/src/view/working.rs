//! What is being worked.

use resque_core::WorkerStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::glance::Glance;
use super::{Moment, Work, paging};
use crate::fault::Fault;
use crate::state::App;

/// What is being worked, the longest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Working {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many workers there are.
    pub(crate) workers: u64,
    /// How many of them work.
    pub(crate) working: u64,
    /// What they do.
    pub(crate) work: Vec<Work>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<u32>,
    /// Where the page before begins, if there is one.
    pub(crate) before: Option<u32>,
}

impl Working {
    pub(crate) async fn ask(app: &App, page: paging::From) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        let busy = busy(&glance);
        let skipped = usize::try_from(page.from).unwrap_or(usize::MAX);
        let shown = busy.iter().skip(skipped).take(page.limit());
        let work: Vec<_> = shown
            .filter_map(|worker| Work::of(worker, app.redaction()))
            .collect();
        Ok(Self {
            now: glance.at,
            workers: glance.workers.workers.len() as u64,
            working: busy.len() as u64,
            next: page.next(work.len(), busy.len() as u64),
            before: page.before(),
            work,
        })
    }
}

/// The workers that hold a job, those longest at it first, and last those of which nobody knows.
pub(super) fn busy(glance: &Glance) -> Vec<&WorkerStatus> {
    let workers = glance.workers.workers.iter();
    let mut busy: Vec<_> = workers.filter(|worker| worker.holds.is_some()).collect();
    let since = |worker: &&WorkerStatus| worker.holds.as_ref().and_then(|held| held.since);
    busy.sort_by_key(|worker| (since(worker).is_none(), since(worker)));
    busy
}
