//! `/w/…`: workers that come over HTTP.

use std::time::UNIX_EPOCH;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use resque_core::{HttpWorker, HttpWorkerId, QueueName};
use serde::Serialize;

use super::body::Body;
use super::params::Params;
use super::problem::{Answer, Problem};
use super::state::Http;
use super::{answer, path, worker_id};

/// Numbers are texts, as presque has them.
#[derive(Serialize)]
struct One<'a> {
    worker_id: &'a str,
    started_at: u64,
    processed: String,
    failed: String,
}

#[derive(Serialize)]
struct OfQueue<'a> {
    queue_name: &'a str,
    workers_list: Vec<&'a str>,
    processed: Option<String>,
    failed: Option<String>,
}

/// All workers, one, or those of a queue.
pub(super) async fn get(State(http): State<Http>, uri: Uri) -> Answer {
    let params = Params::of(&uri)?;
    let workers = http.workers()?;
    if let Some(id) = &params.worker_id {
        let id = HttpWorkerId::new(id)?;
        let unknown = || Problem::missing("no such worker");
        return Ok(one(&workers.worker(&id).await?.ok_or_else(unknown)?));
    }
    let named = match &params.queue_name {
        Some(name) => Some(QueueName::new(name)?),
        None => path::named_queue(&uri)?,
    };
    let Some(queue) = named else {
        let all = workers.workers(None).await?;
        return Ok(answer::ok(&ids(&all)));
    };
    let found = workers.workers(Some(&queue)).await?;
    // A path may name a worker as well.
    if found.is_empty()
        && params.queue_name.is_none()
        && let Ok(id) = HttpWorkerId::new(queue.as_str())
        && let Some(worker) = workers.worker(&id).await?
    {
        return Ok(one(&worker));
    }
    of_queue(&http, &queue, &found).await
}

/// Registers a worker on a queue; its counts begin anew.
pub(super) async fn post(
    State(http): State<Http>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let queue = path::queue(&uri)?;
    let worker = worker_id::introduced(&headers, &Params::of(&uri)?, &body.0)?;
    let now = http.client().store_time().await?;
    http.workers()?.register(&worker, &queue, now).await?;
    Ok(answer::empty(StatusCode::CREATED))
}

/// Takes a worker off a queue, whether it was on it or not.
pub(super) async fn delete(
    State(http): State<Http>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let queue = path::queue(&uri)?;
    let worker = worker_id::introduced(&headers, &Params::of(&uri)?, &body.0)?;
    http.workers()?.unregister(&worker, &queue).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn other() -> Problem {
    Problem::method("GET, HEAD, POST, DELETE")
}

fn one(worker: &HttpWorker) -> axum::response::Response {
    let since = worker
        .started
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    answer::ok(&One {
        worker_id: worker.id.as_str(),
        started_at: since.as_secs(),
        processed: worker.counts.processed.to_string(),
        failed: worker.counts.failed.to_string(),
    })
}

async fn of_queue(http: &Http, queue: &QueueName, found: &[HttpWorker]) -> Answer {
    let counts = http.counts(queue).await?;
    // What was never counted is null, as in presque.
    let shown = |count: u64| (count > 0).then(|| count.to_string());
    Ok(answer::ok(&OfQueue {
        queue_name: queue.as_str(),
        workers_list: ids(found),
        processed: shown(counts.processed),
        failed: shown(counts.failed),
    }))
}

fn ids(workers: &[HttpWorker]) -> Vec<&str> {
    workers.iter().map(|worker| worker.id.as_str()).collect()
}
