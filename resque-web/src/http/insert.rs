//! Putting jobs in.

use std::time::SystemTime;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use resque_core::{Enqueue, HttpTally, Pushed, QueueName};

use super::answer;
use super::job_text::JobText;
use super::problem::{Answer, Problem};
use super::repeat::{self, Known, Repeat};
use super::state::Http;
use super::to_the_end::to_the_end;
use super::uniq;

/// What the sender of a job should know although the job was taken.
const WARNING: HeaderName = HeaderName::from_static("x-resque-warning");

/// Says that the answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Jobs that are to be put into a queue.
#[derive(Debug)]
pub(super) struct Insertion {
    pub(super) queue: QueueName,
    pub(super) jobs: Vec<JobText>,
    /// The time before which they are not to be given out.
    pub(super) delayed: Option<SystemTime>,
    /// The key of which there is to be one job only; for a single job.
    pub(super) uniq: Option<String>,
    /// How the request is known again.
    pub(super) repeat: Option<Repeat>,
    /// What is counted once they are in, and not again for a request that came before.
    pub(super) counts: Option<HttpTally>,
}

impl Insertion {
    /// Puts them in, all or none where the store can.
    pub(super) async fn run(self, http: &Http) -> Answer {
        if self.counts.is_none() && self.delayed.is_none() && self.repeat.is_none() {
            // A single step, of which nothing can be left out.
            return self.put_in(http).await;
        }
        let http = http.clone();
        to_the_end(async move { self.put_in(&http).await }).await
    }

    async fn put_in(mut self, http: &Http) -> Answer {
        let now = if self.asks_for_the_time() {
            Some(http.client().store_time().await?)
        } else {
            None
        };
        // What has passed already does not wait for anything.
        let due = self.delayed.filter(|due| now.is_some_and(|now| *due > now));
        let items = self.items(http, now, due)?;
        let Some(pushed) = self.push(http, &items, now).await? else {
            return self.known(http, now).await;
        };
        if pushed.contains(&Pushed::Duplicate) {
            return match self.uniq {
                Some(_) => Err(Problem::bad("job already exists")),
                None => self.known(http, now).await,
            };
        }
        if let Some(due) = due {
            http.upkeep().note(due);
        }
        if let Some(tally) = self.counts.take()
            && let Err(error) = http.count(tally).await
        {
            tracing::warn!(%error, "cannot count the failure of a job that was put in again");
        }
        let answer = answer::empty(StatusCode::CREATED);
        Ok(with_warning(answer, self.warning(http).await))
    }

    fn asks_for_the_time(&self) -> bool {
        self.delayed.is_some() || self.uniq.is_some() || self.repeat.is_some()
    }

    /// Whether the lock of the request is the lock of its only job, which has none of its own. Such
    /// pushes go together with those of others.
    fn is_locked_as_a_job(&self) -> bool {
        self.repeat.is_some() && self.uniq.is_none() && self.jobs.len() == 1
    }

    /// Puts the jobs in by one step with the key of the request; nothing if that is held.
    async fn push(
        &self,
        http: &Http,
        items: &[Enqueue],
        now: Option<SystemTime>,
    ) -> Result<Option<Vec<Pushed>>, Problem> {
        match (&self.repeat, now) {
            _ if items.is_empty() => Ok(Some(Vec::new())),
            (Some(repeat), Some(now)) if !self.is_locked_as_a_job() => {
                let limits = http.limits("Idempotency-Key")?;
                Ok(limits.push_once(&repeat.lock(now), items).await?)
            }
            _ => Ok(Some(http.queues()?.push(items).await?)),
        }
    }

    fn items(
        &self,
        http: &Http,
        now: Option<SystemTime>,
        due: Option<SystemTime>,
    ) -> Result<Vec<Enqueue>, Problem> {
        let mut items = Vec::with_capacity(self.jobs.len());
        for job in &self.jobs {
            let queue = self.queue.clone();
            let mut item = match (&self.uniq, &self.repeat, now) {
                (Some(key), _, Some(now)) => {
                    http.limits("keys of unique jobs")?;
                    let (payload, lock) = uniq::locked(&queue, key, &job.bytes, (now, due))?;
                    Enqueue::new(queue, payload).locked(lock)
                }
                (None, Some(repeat), Some(now)) if self.is_locked_as_a_job() => {
                    http.limits("Idempotency-Key")?;
                    Enqueue::new(queue, job.bytes.clone()).locked(repeat.lock(now))
                }
                _ => Enqueue::new(queue, job.bytes.clone()),
            };
            item.due = due;
            items.push(item);
        }
        Ok(items)
    }

    /// The answer to a request whose key is held: it came before, or another one did.
    async fn known(&self, http: &Http, now: Option<SystemTime>) -> Answer {
        let known = match (&self.repeat, now) {
            (Some(repeat), Some(now)) => repeat.known(http.limits("Idempotency-Key")?, now).await?,
            _ => Known::New,
        };
        match known {
            Known::Same => Ok(replayed()),
            Known::Other => Err(repeat::used()),
            Known::New => Err(repeat::forgotten()),
        }
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

/// The answer to a request whose jobs are in already.
fn replayed() -> Response {
    let mut answer = answer::empty(StatusCode::CREATED);
    let value = HeaderValue::from_static("true");
    answer.headers_mut().insert(REPLAYED, value);
    answer
}

/// The answer with a warning in it.
pub(super) fn with_warning(mut answer: Response, warning: Option<&'static str>) -> Response {
    if let Some(warning) = warning {
        let value = HeaderValue::from_static(warning);
        answer.headers_mut().append(WARNING, value);
    }
    answer
}
