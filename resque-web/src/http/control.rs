//! `/control/<queue>`: whether a queue gives jobs.

use axum::extract::State;
use axum::http::Uri;
use resque_core::QueueName;
use serde::{Deserialize, Serialize};

use super::body::{Body, object};
use super::problem::{Answer, Problem};
use super::state::Http;
use super::{answer, path};

#[derive(Serialize)]
struct Shown<'a> {
    queue: &'a str,
    /// `null` for a queue that does not exist and was not stopped.
    status: Option<&'static str>,
}

#[derive(Serialize)]
struct Changed<'a> {
    queue: &'a str,
    response: &'static str,
}

#[derive(Deserialize)]
struct Change {
    status: Option<serde_json::Value>,
}

/// presque's word for whether a queue is stopped.
pub(super) fn word(stopped: bool) -> &'static str {
    if stopped { "0" } else { "1" }
}

pub(super) async fn get(State(http): State<Http>, uri: Uri) -> Answer {
    let queue = path::queue(&uri)?;
    let stopped = http.is_stopped(&queue).await?;
    let known = stopped || exists(&http, &queue).await?;
    Ok(answer::ok(&Shown {
        queue: queue.as_str(),
        status: known.then(|| word(stopped)),
    }))
}

/// Stops or starts a queue, which need not exist.
pub(super) async fn post(State(http): State<Http>, uri: Uri, body: Body) -> Answer {
    let queue = path::queue(&uri)?;
    let stopped = wanted(&body.0)?;
    http.control()?.set_stopped(&queue, stopped).await?;
    Ok(answer::ok(&Changed {
        queue: queue.as_str(),
        response: "updated",
    }))
}

pub(super) async fn other() -> Problem {
    Problem::method("GET, HEAD, POST")
}

async fn exists(http: &Http, queue: &QueueName) -> Result<bool, Problem> {
    let queues = http.queues()?;
    // A queue with jobs exists, and need not be looked for among all others.
    if queues.length(queue).await? > 0 {
        return Ok(true);
    }
    Ok(queues.queues().await?.get(queue.as_str()).is_some())
}

/// Whether the body wants the queue to be stopped.
fn wanted(body: &[u8]) -> Result<bool, Problem> {
    if body.trim_ascii().is_empty() {
        return Err(Problem::bad("content is missing"));
    }
    let change: Change = object(body)?;
    let status = change.status.as_ref().and_then(|status| status.as_str());
    match status {
        Some("stop" | "closed") => Ok(true),
        Some("start" | "open") => Ok(false),
        _ => Err(Problem::bad("invalid status: say \"stop\" or \"start\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pairs_of_words_do_and_nothing_else() {
        for (body, stop) in [
            (r#"{"status":"stop"}"#, true),
            (r#"{"status":"closed"}"#, true),
            (r#"{"status":"start"}"#, false),
            (r#"{"status":"open","x":1}"#, false),
        ] {
            assert_eq!(wanted(body.as_bytes()).unwrap(), stop, "{body}");
        }
        for body in [
            "",
            "{}",
            "[]",
            "not json",
            r#"{"status":"bogus"}"#,
            r#"{"status":1}"#,
        ] {
            assert!(wanted(body.as_bytes()).is_err(), "{body}");
        }
    }
}
