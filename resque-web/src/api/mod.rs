//! The JSON twins of the pages, under `/api/v1`, and their OpenAPI document.

mod fault;
mod overview;

use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::App;

/// The head of the document; paths and schemas come from the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Resque",
        description = "What a store holds and what can be done about it. Times are RFC 3339 in UTC."
    ),
    servers((url = ".", description = "where this document is"))
)]
struct Document;

/// All routes with what the document says of them. A new file of this module adds its own here.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi()).routes(routes!(overview::overview))
}

/// The router, with the document at `openapi.json`.
pub(crate) fn router(_app: &App) -> Router<App> {
    let (router, document) = described().split_for_parts();
    router
        .route("/openapi.json", get(async || Json(document)))
        .fallback(async || crate::fault::Fault::missing("there is no such address"))
        .layer(axum::middleware::map_response(fault::as_json))
}
