//! `/q/<queue>`: single jobs.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use resque_core::{HttpCounts, HttpTally};

use super::body::Body;
use super::fetch::{self, Fetch};
use super::insert::Insertion;
use super::job_text::JobText;
use super::params::Params;
use super::problem::{Answer, Problem};
use super::repeat::Repeat;
use super::state::Http;
use super::{answer, leases, path, purge, worker_id};

/// What this path can be asked for.
const METHODS: &str = "GET, HEAD, POST, PUT, DELETE";

/// Takes a job out for good.
pub(super) async fn get(State(http): State<Http>, uri: Uri, headers: HeaderMap) -> Answer {
    let queue = path::queue(&uri)?;
    let fetch = Fetch::new(queue, &headers, &Params::of(&uri)?)?;
    let job = fetch.take(&http, 1).await?.pop();
    Ok(answer::raw(StatusCode::OK, job.unwrap_or_default()))
}

/// Says what a GET would answer, and takes nothing.
pub(super) async fn head(State(http): State<Http>, uri: Uri) -> Answer {
    let job = fetch::look(&http, &path::queue(&uri)?).await?;
    Ok(answer::raw(StatusCode::OK, job))
}

/// Puts a job in, or asks for leases.
pub(super) async fn post(
    State(http): State<Http>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    match path::leased(&uri) {
        Some(queues) => leases::take(&http, queues, &uri, &headers).await,
        None => insertion(&uri, &headers, body)?.run(&http).await,
    }
}

/// Puts a job in again that a worker has failed to perform, and counts the failure once it is in: a
/// request that was refused, or sent again, has not failed once more.
pub(super) async fn put(
    State(http): State<Http>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let mut insertion = insertion(&uri, &headers, body)?;
    let tally = HttpTally {
        queue: insertion.queue.clone(),
        worker: worker_id::named(&headers, &Params::of(&uri)?)?,
        counts: HttpCounts {
            processed: 0,
            failed: 1,
        },
    };
    insertion.counts = Some(tally);
    insertion.run(&http).await
}

/// Removes the queue with everything that waits for it.
pub(super) async fn delete(State(http): State<Http>, uri: Uri) -> Answer {
    purge::run(&http, path::queue(&uri)?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn other() -> Problem {
    Problem::method(METHODS)
}

fn insertion(uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Insertion, Problem> {
    let queue = path::queue(uri)?;
    let params = Params::of(uri)?;
    let delayed = params.delayed()?;
    let body = body.of_jobs(headers)?;
    let repeat = Repeat::of(headers, &queue, &[query(uri), &body])?;
    Ok(Insertion {
        queue,
        jobs: vec![JobText::new(body)?],
        delayed,
        uniq: params.uniq,
        repeat,
        counts: None,
    })
}

/// What stands behind the question mark.
pub(super) fn query(uri: &Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
}
