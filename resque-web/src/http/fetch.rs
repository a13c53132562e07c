//! Taking jobs out for good, as presque's GET does.

use axum::http::HeaderMap;
use bytes::Bytes;
use resque_core::{HttpCounts, HttpTally, HttpWorkerId, Page, QueueList, QueueName, Result};

use super::params::Params;
use super::problem::Problem;
use super::state::Http;
use super::to_the_end::to_the_end;
use super::{uniq, worker_id};

/// A queue from which jobs are to be taken, and by whom.
#[derive(Debug)]
pub(super) struct Fetch {
    queue: QueueName,
    worker: Option<HttpWorkerId>,
}

impl Fetch {
    pub(super) fn new(
        queue: QueueName,
        headers: &HeaderMap,
        params: &Params,
    ) -> Result<Self, Problem> {
        let worker = worker_id::named(headers, params)?;
        Ok(Self { queue, worker })
    }

    /// Takes jobs, at least one. Whoever takes one also gives up its key and counts it, though who
    /// asked for it may have gone.
    pub(super) async fn take(self, http: &Http, at_most: usize) -> Result<Vec<Bytes>, Problem> {
        let http = http.clone();
        to_the_end(async move { self.take_now(&http, at_most).await }).await
    }

    async fn take_now(self, http: &Http, at_most: usize) -> Result<Vec<Bytes>, Problem> {
        let queues = http.queues()?;
        let from = QueueList::one(self.queue.clone());
        let mut popped = queues.pop(&from, at_most).await?;
        if popped.is_empty() && http.promote().await? {
            popped = queues.pop(&from, at_most).await?;
        }
        if popped.is_empty() {
            return Err(none(http, &self.queue).await?);
        }
        let count = popped.len() as u64;
        let mut locks = Vec::new();
        let mut jobs = Vec::with_capacity(popped.len());
        for popped in popped {
            let (job, lock) = uniq::unlocked(&self.queue, popped.payload);
            jobs.push(job);
            locks.extend(lock);
        }
        // From here on nothing may fail: the jobs are nowhere else any more.
        let freed = http.free(&locks).await;
        told("give up the key of a unique job", freed);
        let tally = HttpTally {
            queue: self.queue,
            worker: self.worker,
            counts: HttpCounts {
                processed: count,
                failed: 0,
            },
        };
        told("count a job", http.count(tally).await);
        Ok(jobs)
    }
}

/// The job that would be taken next, which stays.
pub(super) async fn look(http: &Http, queue: &QueueName) -> Result<Bytes, Problem> {
    if http.is_stopped(queue).await? {
        return Err(closed());
    }
    http.promote().await?;
    let next = http.queues()?.peek(queue, Page::new(0, 1)).await?;
    let next = next.into_iter().next().ok_or_else(no_job)?;
    Ok(uniq::unlocked(queue, next).0)
}

/// Why a queue gives nothing.
async fn none(http: &Http, queue: &QueueName) -> Result<Problem, Problem> {
    let stopped = http.is_stopped(queue).await?;
    Ok(if stopped { closed() } else { no_job() })
}

fn closed() -> Problem {
    Problem::missing("queue is closed")
}

fn no_job() -> Problem {
    Problem::missing("no job")
}

/// Notes what went wrong beside the job, which is answered all the same.
fn told(what: &str, done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "cannot {what} that was fetched");
    }
}
