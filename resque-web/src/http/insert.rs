//! Putting jobs in.

use std::time::SystemTime;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use resque_core::{Enqueue, Pushed, QueueName};

use super::answer;
use super::job_text::JobText;
use super::problem::{Answer, Problem};
use super::repeat::{self, Known, Repeat};
use super::state::Http;
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
}

impl Insertion {
    /// Puts them in, all or none where the store can.
    pub(super) async fn run(self, http: &Http) -> Answer {
        let now = if self.asks_for_the_time() {
            Some(http.client().store_time().await?)
        } else {
            None
        };
        if let (Some(repeat), Some(now), true) = (&self.repeat, now, self.looks_before()) {
            match repeat.known(http.limits("Idempotency-Key")?, now).await? {
                Known::New => {}
                Known::Same => return Ok(replayed()),
                Known::Other => return Err(repeat::used()),
            }
        }
        // What has passed already does not wait for anything.
        let due = self.delayed.filter(|due| now.is_some_and(|now| *due > now));
        let items = self.items(http, now, due)?;
        let pushed = match &items[..] {
            [] => Vec::new(),
            items => http.queues()?.push(items).await?,
        };
        if pushed.contains(&Pushed::Duplicate) {
            return self.duplicate(http, now).await;
        }
        if let (Some(repeat), Some(now), true) = (&self.repeat, now, self.uniq.is_some()) {
            repeat.note(http.limits("Idempotency-Key")?, now).await?;
        }
        if let Some(due) = due {
            http.upkeep().note(due);
        }
        let answer = answer::empty(StatusCode::CREATED);
        Ok(with_warning(answer, self.warning(http).await))
    }

    fn asks_for_the_time(&self) -> bool {
        self.delayed.is_some() || self.uniq.is_some() || self.repeat.is_some()
    }

    /// Whether the key of the request has to be looked for before anything is pushed: with several
    /// jobs some might go in, and a unique job has another lock.
    fn looks_before(&self) -> bool {
        self.jobs.len() > 1 || self.uniq.is_some()
    }

    fn items(
        &self,
        http: &Http,
        now: Option<SystemTime>,
        due: Option<SystemTime>,
    ) -> Result<Vec<Enqueue>, Problem> {
        let mut items = Vec::with_capacity(self.jobs.len());
        for (number, job) in self.jobs.iter().enumerate() {
            let queue = self.queue.clone();
            let mut item = match (&self.uniq, &self.repeat, now) {
                (Some(key), _, Some(now)) => {
                    http.limits("keys of unique jobs")?;
                    let (payload, lock) = uniq::locked(&queue, key, &job.bytes, (now, due))?;
                    Enqueue::new(queue, payload).locked(lock)
                }
                (None, Some(repeat), Some(now)) => {
                    http.limits("Idempotency-Key")?;
                    let lock = repeat.lock(number, now);
                    Enqueue::new(queue, job.bytes.clone()).locked(lock)
                }
                _ => Enqueue::new(queue, job.bytes.clone()),
            };
            item.due = due;
            items.push(item);
        }
        Ok(items)
    }

    /// A job whose lock is held: the request came before, or there is such a job.
    async fn duplicate(&self, http: &Http, now: Option<SystemTime>) -> Answer {
        let known = match (&self.repeat, now) {
            (Some(repeat), Some(now)) => repeat.known(http.limits("Idempotency-Key")?, now).await?,
            _ => Known::New,
        };
        match known {
            Known::Same => Ok(replayed()),
            Known::Other => Err(repeat::used()),
            Known::New => Err(Problem::bad("job already exists")),
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
