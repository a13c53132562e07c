//! `GET /api/v1/overview`.

use axum::Json;
use axum::extract::State;

use super::fault::Problem;
use crate::fault::Fault;
use crate::state::App;
use crate::view::Overview;

/// The store at a glance.
#[utoipa::path(
    get,
    path = "/overview",
    responses((status = 200, body = Overview), (status = 503, body = Problem))
)]
pub(super) async fn overview(State(app): State<App>) -> Result<Json<Overview>, Fault> {
    Overview::ask(&app).await.map(Json)
}
