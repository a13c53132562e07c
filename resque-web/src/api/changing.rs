//! Changing: the twins of the forms. A body is JSON, which no page of another site can send.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Body;
use super::fault::Problem;
use crate::actions::job::{WhichJob, move_to_front, remove_job};
use crate::actions::pause::set_paused;
use crate::actions::queue::{WhichQueue, remove_queue, set_stopped};
use crate::actions::worker::{WhichWorker, cancel_job, remove_worker};
use crate::fault::Fault;
use crate::state::App;

/// How many things were changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    /// How many; 0 if there was nothing to change.
    pub(crate) changed: u64,
}

impl Changed {
    pub(super) fn json(changed: u64) -> Json<Self> {
        Json(Self { changed })
    }
}

/// Lets no worker take a new job.
#[utoipa::path(post, path = "/pause", responses((status = 200, body = Changed), (status = 501, body = Problem)))]
pub(super) async fn pause(State(app): State<App>) -> Result<Json<Changed>, Fault> {
    set_paused(&app, true).await?;
    Ok(Changed::json(1))
}

/// Lets all workers go on.
#[utoipa::path(post, path = "/resume", responses((status = 200, body = Changed), (status = 501, body = Problem)))]
pub(super) async fn resume(State(app): State<App>) -> Result<Json<Changed>, Fault> {
    set_paused(&app, false).await?;
    Ok(Changed::json(1))
}

/// Stops a queue: it takes jobs and gives none.
#[utoipa::path(post, path = "/queue/stop", request_body = WhichQueue,
    responses((status = 200, body = Changed), (status = 400, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn stop_queue(
    State(app): State<App>,
    Body(which): Body<WhichQueue>,
) -> Result<Json<Changed>, Fault> {
    set_stopped(&app, &which.queue, true).await?;
    Ok(Changed::json(1))
}

/// Starts a stopped queue again.
#[utoipa::path(post, path = "/queue/start", request_body = WhichQueue,
    responses((status = 200, body = Changed), (status = 400, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn start_queue(
    State(app): State<App>,
    Body(which): Body<WhichQueue>,
) -> Result<Json<Changed>, Fault> {
    set_stopped(&app, &which.queue, false).await?;
    Ok(Changed::json(1))
}

/// Removes a queue; tells how many jobs waited in it.
#[utoipa::path(post, path = "/queue/remove", request_body = WhichQueue,
    responses((status = 200, body = Changed), (status = 400, body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    Body(which): Body<WhichQueue>,
) -> Result<Json<Changed>, Fault> {
    remove_queue(&app, &which.queue).await.map(Changed::json)
}

/// Removes one waiting job.
#[utoipa::path(post, path = "/queue/job/remove", request_body = WhichJob,
    responses((status = 200, body = Changed), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove_waiting(
    State(app): State<App>,
    Body(which): Body<WhichJob>,
) -> Result<Json<Changed>, Fault> {
    remove_job(&app, &which).await?;
    Ok(Changed::json(1))
}

/// Lets one waiting job be taken next.
#[utoipa::path(post, path = "/queue/job/front", request_body = WhichJob,
    responses((status = 200, body = Changed), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn front(
    State(app): State<App>,
    Body(which): Body<WhichJob>,
) -> Result<Json<Changed>, Fault> {
    move_to_front(&app, &which).await?;
    Ok(Changed::json(1))
}

/// Asks the job that a worker runs to end.
#[utoipa::path(post, path = "/worker/cancel", request_body = WhichWorker,
    responses((status = 200, body = Changed), (status = 501, body = Problem)))]
pub(super) async fn cancel(
    State(app): State<App>,
    Body(which): Body<WhichWorker>,
) -> Result<Json<Changed>, Fault> {
    let asked = cancel_job(&app, &which.worker).await?;
    Ok(Changed::json(u64::from(asked)))
}

/// Takes a worker off the registry; what it holds is recorded as failed.
#[utoipa::path(post, path = "/worker/remove", request_body = WhichWorker,
    responses((status = 200, body = Changed), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn unregister(
    State(app): State<App>,
    Body(which): Body<WhichWorker>,
) -> Result<Json<Changed>, Fault> {
    let removed = remove_worker(&app, &which.worker).await?;
    Ok(Changed::json(u64::from(removed)))
}
