//! Answers for programs that watch: whether this process lives and can reach its store, and numbers
//! in two formats.

mod prometheus;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
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
        .route("/stats.txt", get(stats))
        .route("/metrics", get(metrics))
}

async fn ready(State(app): State<App>) -> Result<&'static str, Fault> {
    app.glance().await?;
    Ok("ok\n")
}

/// What Ruby's `/stats.txt` tells, line by line.
async fn stats(State(app): State<App>) -> Result<String, Fault> {
    let glance = app.glance().await?;
    let mut lines = vec![
        format!("resque.pending={}", glance.pending()),
        format!("resque.processed+={}", glance.processed),
        format!("resque.failed+={}", glance.failures),
        format!("resque.workers={}", glance.workers.workers.len()),
        format!("resque.working={}", glance.working()),
    ];
    let queues = glance.queues.queues.iter();
    lines.extend(queues.map(|queue| format!("queues.{}={}", queue.name, queue.length)));
    Ok(lines.join("\n"))
}

async fn metrics(State(app): State<App>) -> Result<Response, Fault> {
    let glance = app.glance().await?;
    let text = prometheus::text(&glance);
    Ok(([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], text).into_response())
}
