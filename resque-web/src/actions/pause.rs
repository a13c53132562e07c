//! Pausing all workers, and ending the pause.

use axum::Form;
use axum::response::Response;

use super::Back;
use crate::fault::Fault;
use crate::pages::Visit;
use crate::state::App;

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

pub(super) async fn pause(visit: Visit, Form(form): Form<Back>) -> Result<Response, Fault> {
    set_paused(&visit.app, true).await?;
    Ok(visit.done("All workers are paused.", &form.back))
}

pub(super) async fn resume(visit: Visit, Form(form): Form<Back>) -> Result<Response, Fault> {
    set_paused(&visit.app, false).await?;
    Ok(visit.done("All workers go on.", &form.back))
}
