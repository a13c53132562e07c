//! One worker.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Moment, Work, WorkerRow};
use crate::fault::Fault;
use crate::state::App;

/// Which worker.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkerQuery {
    /// Its id.
    pub(crate) id: String,
}

/// One worker.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Worker {
    /// When it was read.
    pub(crate) now: Moment,
    /// The worker.
    pub(crate) worker: WorkerRow,
    /// What it works on, if anything.
    pub(crate) work: Option<Work>,
    /// Whether what it works on can be asked to end.
    pub(crate) can_cancel: bool,
}

impl Worker {
    pub(crate) async fn ask(app: &App, query: &WorkerQuery) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        let Some(worker) = glance.workers.get(&query.id) else {
            return Err(Fault::missing(
                "There is no such worker: it has left, or was taken for dead.",
            ));
        };
        let backend = app.client().backend();
        let offers = backend.is_some_and(|backend| backend.queues().cancel().is_some());
        let work = Work::of(worker, app.redaction());
        Ok(Self {
            now: glance.at,
            can_cancel: offers && work.is_some() && worker.id.is_ours(),
            worker: WorkerRow::new(worker, glance.at),
            work,
        })
    }
}
