//! Removing a queue with everything that waits for it.

use resque_core::{Page, QueueName};

use super::problem::Problem;
use super::state::Http;
use super::to_the_end::to_the_end;
use super::uniq;

/// How many jobs are looked at with one call.
const CHUNK: u32 = 1_000;

/// Removes a queue: its jobs, those that wait for their time, their keys, and what was counted. It
/// stays stopped if it was, and jobs that are leased come back to it. What was begun is finished,
/// though who asked for it may have gone: a key whose job is removed would be held for a day.
pub(super) async fn run(http: &Http, queue: QueueName) -> Result<(), Problem> {
    let http = http.clone();
    to_the_end(async move { remove(&http, &queue).await }).await
}

async fn remove(http: &Http, queue: &QueueName) -> Result<(), Problem> {
    let queues = http.queues()?;
    let mut locks = Vec::new();
    let mut start = 0;
    loop {
        let jobs = queues.peek(queue, Page::new(start, CHUNK)).await?;
        locks.extend(uniq::leases(queue, jobs.iter()));
        if jobs.len() < CHUNK as usize {
            break;
        }
        start = start.saturating_add(CHUNK);
    }
    queues.delete_queue(queue).await?;
    if queues.delayed().is_some() {
        let delayed = http.client().delayed()?;
        let waiting = delayed
            .find(|job| job.queue.as_ref() == Some(queue))
            .await?;
        locks.extend(uniq::leases(queue, waiting.iter().map(|job| &job.payload)));
        delayed.cancel_all(&waiting).await?;
    }
    http.free(&locks).await?;
    if let Some(workers) = queues.http_workers() {
        workers.forget_counts(queue).await?;
    }
    Ok(())
}
