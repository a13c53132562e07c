//! Answers for programs that watch: whether this process lives, and whether it can reach its store.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::fault::Fault;
use crate::state::App;

/// The routes that everybody may ask: they tell nothing about jobs.
pub(crate) fn open() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
}

/// The routes that tell numbers.
pub(crate) fn guarded() -> Router<App> {
    Router::new()
}

async fn ready(State(app): State<App>) -> Result<&'static str, Fault> {
    app.glance().await?;
    Ok("ok\n")
}
