//! Pausing all workers, and ending the pause.

use axum::response::Response;
use serde::Deserialize;

use super::Sent;
use crate::fault::Fault;
use crate::pages::Visit;
use crate::state::App;

/// A form that is about everything.
#[derive(Debug, Deserialize)]
pub(super) struct Everything {}

/// Lets no worker take a job, or lets all of them go on.
pub(crate) async fn set_paused(app: &App, paused: bool) -> Result<(), Fault> {
    if paused {
        app.client().pause_all().await?;
    } else {
        app.client().resume_all().await?;
    }
    app.changed().await;
    Ok(())
}

pub(super) async fn pause(visit: Visit, form: Sent<Everything>) -> Result<Response, Fault> {
    set_paused(&visit.app, true).await?;
    Ok(visit.done("All workers are paused.", &form.back))
}

pub(super) async fn resume(visit: Visit, form: Sent<Everything>) -> Result<Response, Fault> {
    set_paused(&visit.app, false).await?;
    Ok(visit.done("All workers go on.", &form.back))
}
