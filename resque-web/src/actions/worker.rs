//! Cancelling what a worker does, and removing a worker that is dead.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Sent;
use crate::fault::Fault;
use crate::pages::Visit;
use crate::state::App;

/// Which worker.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WhichWorker {
    /// Its id.
    pub(crate) worker: String,
}

/// Asks the job that a worker runs to end; answers whether there was one to ask.
pub(crate) async fn cancel_job(app: &App, worker: &str) -> Result<bool, Fault> {
    let asked = app.client().cancel(worker).await?;
    app.changed().await;
    Ok(asked)
}

/// Takes a worker off the registry; what it holds is recorded as failed.
pub(crate) async fn remove_worker(app: &App, worker: &str) -> Result<bool, Fault> {
    let removed = app.client().remove_worker(worker).await?;
    app.changed().await;
    Ok(removed)
}

pub(super) async fn cancel(visit: Visit, form: Sent<WhichWorker>) -> Result<Response, Fault> {
    let note = if cancel_job(&visit.app, &form.change.worker).await? {
        "The job is asked to end."
    } else {
        "The job has ended already."
    };
    Ok(visit.done(note, &form.back))
}

pub(super) async fn remove(visit: Visit, form: Sent<WhichWorker>) -> Result<Response, Fault> {
    let note = if remove_worker(&visit.app, &form.change.worker).await? {
        "The worker is removed."
    } else {
        "The worker has left already."
    };
    Ok(visit.done(note, &visit.link("/workers")))
}
