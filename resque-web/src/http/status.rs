//! `/status/`: which queues there are; `/status/<queue>`: how long one is.

use axum::extract::State;
use axum::http::Uri;
use resque_core::wire::text_of;
use resque_core::{Page, QueueName};
use serde::Serialize;

use super::control::word;
use super::params::Params;
use super::problem::{Answer, Problem};
use super::state::Http;
use super::{answer, path, uniq};

/// How many jobs are shown at the most.
const SHOWN: u32 = 1_000;

#[derive(Serialize)]
struct All<'a> {
    queues: Vec<&'a str>,
    size: usize,
}

#[derive(Serialize)]
struct One<'a> {
    queue: &'a str,
    /// A text, as presque has it.
    size: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<Vec<String>>,
}

pub(super) async fn get(State(http): State<Http>, uri: Uri) -> Answer {
    match path::named_queue(&uri)? {
        None => all(&http).await,
        Some(queue) => one(&http, &queue, Params::of(&uri)?.with_desc()).await,
    }
}

pub(super) async fn other() -> Problem {
    Problem::method("GET, HEAD")
}

async fn all(http: &Http) -> Answer {
    let listing = http.queues()?.queues().await?;
    let queues: Vec<&str> = listing.names().map(QueueName::as_str).collect();
    let size = queues.len();
    Ok(answer::ok(&All { queues, size }))
}

async fn one(http: &Http, queue: &QueueName, with_desc: bool) -> Answer {
    http.promote().await?;
    let queues = http.queues()?;
    let size = queues.length(queue).await?.to_string();
    let stopped = http.is_stopped(queue).await?;
    let jobs = if with_desc {
        let jobs = queues.peek(queue, Page::new(0, SHOWN)).await?;
        let text = |job| text_of(&uniq::unlocked(queue, job).0).into_owned();
        Some(jobs.into_iter().map(text).collect())
    } else {
        None
    };
    Ok(answer::ok(&One {
        queue: queue.as_str(),
        size,
        status: word(stopped),
        jobs,
    }))
}
