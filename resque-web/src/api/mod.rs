//! The JSON twins of the pages, under `/api/v1`, and their OpenAPI document.

mod asked;
mod changing;
mod fault;
mod jobs;
mod jobs_changing;
mod reading;

use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::asked::{Asked, Body};
use crate::fault::Fault;
use crate::state::App;

/// The head of the document; paths and schemas come from the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Resque",
        description = "What a store holds and what can be done about it. Times are RFC 3339 in UTC. \
                       What changes something is a POST of JSON. Field names stay as they are; \
                       more may come."
    ),
    servers((url = ".", description = "where this document is"))
)]
struct Document;

/// All routes with what the document says of them. A new file of this module adds its own here.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(reading::overview))
        .routes(routes!(reading::queues))
        .routes(routes!(reading::queue))
        .routes(routes!(reading::working))
        .routes(routes!(reading::workers))
        .routes(routes!(reading::worker))
        .routes(routes!(reading::backend))
        .routes(routes!(jobs::failures))
        .routes(routes!(jobs::groups))
        .routes(routes!(jobs::failure))
        .routes(routes!(jobs::delayed))
        .routes(routes!(jobs::schedules))
        .routes(routes!(jobs::search))
        .routes(routes!(jobs::stats))
        .routes(routes!(jobs_changing::retry))
        .routes(routes!(jobs_changing::remove))
        .routes(routes!(jobs_changing::bulk))
        .routes(routes!(jobs_changing::clear))
        .routes(routes!(jobs_changing::enqueue_delayed))
        .routes(routes!(jobs_changing::cancel_delayed))
        .routes(routes!(jobs_changing::move_delayed))
        .routes(routes!(jobs_changing::clear_delayed))
        .routes(routes!(jobs_changing::enqueue_schedule))
        .routes(routes!(jobs_changing::enable_schedule))
        .routes(routes!(jobs_changing::disable_schedule))
        .routes(routes!(jobs_changing::remove_schedule))
        .routes(routes!(changing::pause))
        .routes(routes!(changing::resume))
        .routes(routes!(changing::stop_queue))
        .routes(routes!(changing::start_queue))
        .routes(routes!(changing::remove))
        .routes(routes!(changing::remove_waiting))
        .routes(routes!(changing::front))
        .routes(routes!(changing::cancel))
        .routes(routes!(changing::unregister))
}

/// The router, with the document at `openapi.json`.
pub(crate) fn router(_app: &App) -> Router<App> {
    let (router, document) = described().split_for_parts();
    router
        .route("/openapi.json", get(async || Json(document)))
        .fallback(async || Fault::missing("There is no such address."))
        .layer(axum::middleware::map_response(fault::as_json))
}
