//! Stopping, starting and removing a queue.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Sent;
use crate::fault::Fault;
use crate::pages::{Visit, show};
use crate::state::App;

/// Which queue.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WhichQueue {
    /// Its name.
    pub(crate) queue: String,
}

/// Lets a queue give no jobs, or give them again.
pub(crate) async fn set_stopped(app: &App, queue: &str, stopped: bool) -> Result<(), Fault> {
    if stopped {
        app.client().stop_queue(queue).await?;
    } else {
        app.client().start_queue(queue).await?;
    }
    app.changed().await;
    Ok(())
}

/// Removes a queue with all jobs that wait in it, and answers how many there were.
pub(crate) async fn remove_queue(app: &App, queue: &str) -> Result<u64, Fault> {
    let removed = app.client().remove_queue(queue).await?;
    app.changed().await;
    Ok(removed)
}

pub(super) async fn stop(visit: Visit, form: Sent<WhichQueue>) -> Result<Response, Fault> {
    let queue = &form.change.queue;
    set_stopped(&visit.app, queue, true).await?;
    let note = format!("The queue {queue} is stopped: it takes jobs and gives none.");
    Ok(visit.done(note, &form.back))
}

pub(super) async fn start(visit: Visit, form: Sent<WhichQueue>) -> Result<Response, Fault> {
    let queue = &form.change.queue;
    set_stopped(&visit.app, queue, false).await?;
    Ok(visit.done(format!("The queue {queue} gives jobs again."), &form.back))
}

pub(super) async fn remove(visit: Visit, form: Sent<WhichQueue>) -> Result<Response, Fault> {
    let queue = &form.change.queue;
    let removed = remove_queue(&visit.app, queue).await?;
    let removed = show::count(removed);
    let note = format!("The queue {queue} is removed, with {removed} waiting jobs.");
    Ok(visit.done(note, &visit.link("/queues")))
}
