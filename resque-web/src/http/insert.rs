//! Putting jobs in.

use std::time::SystemTime;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use resque_core::{Enqueue, Pushed, QueueName};

use super::answer;
use super::job_text::JobText;
use super::problem::{Answer, Problem};
use super::state::Http;
use super::uniq;

/// What the sender of a job should know although the job was taken.
const WARNING: HeaderName = HeaderName::from_static("x-resque-warning");

/// Jobs that are to be put into a queue.
#[derive(Debug)]
pub(super) struct Insertion {
    pub(super) queue: QueueName,
    pub(super) jobs: Vec<JobText>,
    /// The time before which they are not to be given out.
    pub(super) delayed: Option<SystemTime>,
    /// The key of which there is to be one job only; for a single job.
    pub(super) uniq: Option<String>,
}

impl Insertion {
    /// Puts them in, all or none where the store can.
    pub(super) async fn run(self, http: &Http) -> Answer {
        let now = match (self.delayed, &self.uniq) {
            (None, None) => None,
            _ => Some(http.client().store_time().await?),
        };
        // What has passed already does not wait for anything.
        let due = self.delayed.filter(|due| now.is_some_and(|now| *due > now));
        let warning = self.warning(http).await;
        let mut items = Vec::with_capacity(self.jobs.len());
        for job in self.jobs {
            let queue = self.queue.clone();
            let mut item = match (&self.uniq, now) {
                (Some(key), Some(now)) => {
                    let (payload, lock) = uniq::locked(&queue, key, &job.bytes, (now, due))?;
                    http.limits("keys of unique jobs")?;
                    Enqueue::new(queue, payload).locked(lock)
                }
                _ => Enqueue::new(queue, job.bytes),
            };
            item.due = due;
            items.push(item);
        }
        if items.is_empty() {
            return Ok(answer::empty(StatusCode::CREATED));
        }
        let pushed = http.queues()?.push(&items).await?;
        if pushed.contains(&Pushed::Duplicate) {
            return Err(Problem::bad("job already exists"));
        }
        if let Some(due) = due {
            http.upkeep().note(due);
        }
        Ok(with_warning(answer::empty(StatusCode::CREATED), warning))
    }

    /// What is odd about the jobs, if anything is.
    async fn warning(&self, http: &Http) -> Option<&'static str> {
        let strange = self.jobs.iter().any(|job| !job.has_class);
        if strange && http.served().by_workers(http.client(), &self.queue).await {
            return Some(
                "the job has no class, and workers serve this queue: they will record it as failed",
            );
        }
        None
    }
}

/// The answer with a warning in it.
pub(super) fn with_warning(mut answer: Response, warning: Option<&'static str>) -> Response {
    if let Some(warning) = warning {
        let value = HeaderValue::from_static(warning);
        answer.headers_mut().append(WARNING, value);
    }
    answer
}
