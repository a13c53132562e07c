//! Answers for programs that watch: whether this process lives and can reach its store, and numbers
//! in two formats.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::fault::Fault;
use crate::state::App;
use crate::view::Glance;

/// The content type of Prometheus' text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

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
    let text = prometheus(&glance);
    Ok(([(CONTENT_TYPE, PROMETHEUS)], text).into_response())
}

/// The store's numbers in Prometheus' text format.
fn prometheus(glance: &Glance) -> String {
    let mut out = String::new();
    let mut single = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
        );
    };
    let total = "counter";
    let gauge = "gauge";
    single(
        "resque_processed_total",
        total,
        "Attempts that have ended.",
        glance.processed,
    );
    single(
        "resque_failed_total",
        total,
        "Attempts that have failed.",
        glance.failed,
    );
    single(
        "resque_failures",
        gauge,
        "Records of failed jobs.",
        glance.failures,
    );
    single(
        "resque_pending_jobs",
        gauge,
        "Jobs that wait in queues.",
        glance.pending(),
    );
    if let Some(delayed) = glance.delayed {
        single(
            "resque_delayed_jobs",
            gauge,
            "Jobs that wait for their time.",
            delayed,
        );
    }
    let workers = glance.workers.workers.len() as u64;
    single("resque_workers", gauge, "Registered workers.", workers);
    single(
        "resque_working",
        gauge,
        "Workers that hold a job.",
        glance.working(),
    );
    if let Some(paused) = glance.paused {
        single(
            "resque_paused",
            gauge,
            "Whether all workers are paused.",
            paused.into(),
        );
    }
    let _ = writeln!(
        out,
        "# HELP resque_queue_jobs Jobs that wait in a queue.\n# TYPE resque_queue_jobs gauge"
    );
    for queue in &glance.queues.queues {
        let name = escaped(queue.name.as_str());
        let _ = writeln!(
            out,
            "resque_queue_jobs{{queue=\"{name}\"}} {}",
            queue.length
        );
    }
    out
}

/// A label's value.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
