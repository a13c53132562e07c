//! The answers over HTTP.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::condition::Source;

/// What Prometheus calls its text.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers until nobody polls this.
pub(super) async fn serve<S: Source>(listener: TcpListener, source: Arc<S>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "answers /livez, /readyz and /metrics");
    let answers = Router::new()
        .route("/livez", get(live::<S>))
        .route("/healthz", get(live::<S>))
        .route("/readyz", get(ready::<S>))
        .route("/metrics", get(metrics::<S>))
        .with_state(source);
    axum::serve(listener, answers).await
}

async fn live<S: Source>(State(source): State<Arc<S>>) -> impl IntoResponse {
    let condition = source.condition().await;
    (status(condition.live), condition.text + "\n")
}

async fn ready<S: Source>(State(source): State<Arc<S>>) -> impl IntoResponse {
    let condition = source.condition().await;
    (status(condition.ready), condition.text + "\n")
}

async fn metrics<S: Source>(State(source): State<Arc<S>>) -> impl IntoResponse {
    // What is shown of its health is as fresh as the rest.
    drop(source.condition().await);
    match source.metrics().await {
        Some(text) => ([(header::CONTENT_TYPE, EXPOSITION)], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn status(well: bool) -> StatusCode {
    match well {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}
