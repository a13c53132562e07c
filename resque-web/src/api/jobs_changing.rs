//! Changing failed, delayed and recurring jobs: the twins of the forms.

use axum::Json;
use axum::extract::State;
use resque_core::DelayedTo;

use super::Body;
use super::changing::Changed;
use super::fault::Problem;
use crate::actions::Outcome;
use crate::actions::bulk::{Bulk, Progress, bulk_part};
use crate::actions::delayed::{self, MoveDelayed, WhichDelayed, edit_delayed};
use crate::actions::failures::{WhichFailures, clear_failures, remove_failures, retry_failures};
use crate::actions::schedule::{self, EnqueueSchedule, WhichSchedule, switch_schedule};
use crate::fault::Fault;
use crate::state::App;

/// Puts failed jobs back into queues, each by itself.
#[utoipa::path(post, path = "/failures/retry", request_body = WhichFailures,
    responses((status = 200, body = Outcome), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn retry(
    State(app): State<App>,
    Body(which): Body<WhichFailures>,
) -> Result<Json<Outcome>, Fault> {
    retry_failures(&app, &which).await.map(Json)
}

/// Removes records of failed jobs, each by itself.
#[utoipa::path(post, path = "/failures/remove", request_body = WhichFailures,
    responses((status = 200, body = Outcome), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    Body(which): Body<WhichFailures>,
) -> Result<Json<Outcome>, Fault> {
    remove_failures(&app, &which.ids).await.map(Json)
}

/// Changes failed jobs that a filter wants: a bounded part. Ask again with `before` and `next` (as `after`) of the answer until there is no `next`.
#[utoipa::path(post, path = "/failures/all", request_body = Bulk,
    responses((status = 200, body = Progress), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn bulk(
    State(app): State<App>,
    Body(bulk): Body<Bulk>,
) -> Result<Json<Progress>, Fault> {
    bulk_part(&app, &bulk).await.map(Json)
}

/// Removes all records of failed jobs.
#[utoipa::path(post, path = "/failures/clear",
    responses((status = 200, body = Changed), (status = 503, body = Problem)))]
pub(super) async fn clear(State(app): State<App>) -> Result<Json<Changed>, Fault> {
    clear_failures(&app).await.map(Changed::json)
}

/// Puts delayed jobs into their queues at once, each by itself.
#[utoipa::path(post, path = "/delayed/enqueue", request_body = WhichDelayed,
    responses((status = 200, body = Outcome), (status = 400, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn enqueue_delayed(
    State(app): State<App>,
    Body(which): Body<WhichDelayed>,
) -> Result<Json<Outcome>, Fault> {
    edit_delayed(&app, &which.ids, DelayedTo::Queue)
        .await
        .map(Json)
}

/// Cancels delayed jobs, each by itself.
#[utoipa::path(post, path = "/delayed/cancel", request_body = WhichDelayed,
    responses((status = 200, body = Outcome), (status = 400, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn cancel_delayed(
    State(app): State<App>,
    Body(which): Body<WhichDelayed>,
) -> Result<Json<Outcome>, Fault> {
    edit_delayed(&app, &which.ids, DelayedTo::Nowhere)
        .await
        .map(Json)
}

/// Lets delayed jobs wait for another time, each by itself.
#[utoipa::path(post, path = "/delayed/move", request_body = MoveDelayed,
    responses((status = 200, body = Outcome), (status = 400, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn move_delayed(
    State(app): State<App>,
    Body(which): Body<MoveDelayed>,
) -> Result<Json<Outcome>, Fault> {
    let to = DelayedTo::At(which.time()?);
    edit_delayed(&app, &which.ids, to).await.map(Json)
}

/// Cancels all delayed jobs, some thousand with each request.
#[utoipa::path(post, path = "/delayed/clear",
    responses((status = 200, body = Outcome), (status = 501, body = Problem)))]
pub(super) async fn clear_delayed(State(app): State<App>) -> Result<Json<Outcome>, Fault> {
    let (outcome, _) = delayed::clear_delayed(&app).await?;
    Ok(Json(outcome))
}

/// Puts the job of a schedule into its queue; `changed` is 0 if a hook or a lock kept it out.
#[utoipa::path(post, path = "/schedules/enqueue", request_body = EnqueueSchedule,
    responses((status = 200, body = Changed), (status = 400, body = Problem), (status = 404, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn enqueue_schedule(
    State(app): State<App>,
    Body(which): Body<EnqueueSchedule>,
) -> Result<Json<Changed>, Fault> {
    let put = schedule::enqueue_schedule(&app, &which).await?;
    Ok(Changed::json(put.into()))
}

/// Switches a schedule on.
#[utoipa::path(post, path = "/schedules/enable", request_body = WhichSchedule,
    responses((status = 200, body = Changed), (status = 404, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn enable_schedule(
    State(app): State<App>,
    Body(which): Body<WhichSchedule>,
) -> Result<Json<Changed>, Fault> {
    switch_schedule(&app, &which.name, true).await?;
    Ok(Changed::json(1))
}

/// Switches a schedule off.
#[utoipa::path(post, path = "/schedules/disable", request_body = WhichSchedule,
    responses((status = 200, body = Changed), (status = 404, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn disable_schedule(
    State(app): State<App>,
    Body(which): Body<WhichSchedule>,
) -> Result<Json<Changed>, Fault> {
    switch_schedule(&app, &which.name, false).await?;
    Ok(Changed::json(1))
}

/// Forgets a schedule.
#[utoipa::path(post, path = "/schedules/remove", request_body = WhichSchedule,
    responses((status = 200, body = Changed), (status = 409, body = Problem), (status = 501, body = Problem)))]
pub(super) async fn remove_schedule(
    State(app): State<App>,
    Body(which): Body<WhichSchedule>,
) -> Result<Json<Changed>, Fault> {
    schedule::remove_schedule(&app, &which.name).await?;
    Ok(Changed::json(1))
}
