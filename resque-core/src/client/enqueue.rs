//! Putting single jobs into queues.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::classes::{Class, check_class, queue_named};
use super::encode::Encoded;
use super::new_job::Due;
use super::{Client, Enqueued, NewJob};
use crate::{Enqueue, EnqueueContext, Error, Job, Pushed, QueueName, Result};

/// A job that has been checked and encoded, and what is known about its class.
pub(super) struct Ready {
    pub(super) class_name: std::borrow::Cow<'static, str>,
    pub(super) class: Arc<Class>,
    pub(super) queue: QueueName,
    pub(super) encoded: Encoded,
    pub(super) due: Option<Due>,
}

impl Client {
    /// Puts a job into the queue of its class.
    ///
    /// The job is checked and encoded before anything is sent, in the call itself, so that the
    /// future does not borrow it.
    ///
    /// # Errors
    ///
    /// [`Error::NoQueue`], [`Error::InvalidQueueName`], [`Error::NoClass`] and [`Error::Encode`]
    /// when nothing was sent; [`Error::Hook`] when a hook failed; else as for
    /// [`crate::QueueBackend`].
    pub fn enqueue<'a, J: Job>(
        &'a self,
        job: &J,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, J> {
        self.submit_ready(self.ready(job, None, None))
    }

    /// Puts a job into this queue.
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Client::enqueue).
    pub fn enqueue_to<'a, J: Job>(
        &'a self,
        queue: &str,
        job: &J,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, J> {
        self.submit_ready(self.ready(job, Some(queue), None))
    }

    /// Puts a job into the queue of its class at a time, rounded up to the second; a time that
    /// has passed is at once.
    ///
    /// Its enqueue hooks run now.
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Client::enqueue), and [`Error::NotOffered`] by a store that cannot hold
    /// jobs until they are due.
    pub fn enqueue_at<'a, J: Job>(
        &'a self,
        at: SystemTime,
        job: &J,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, J> {
        self.submit_ready(self.ready(job, None, Some(Due::at(at))))
    }

    /// Puts a job into the queue of its class after a delay; else as
    /// [`enqueue_at`](Client::enqueue_at).
    ///
    /// # Errors
    ///
    /// As for [`enqueue_at`](Client::enqueue_at).
    pub fn enqueue_in<'a, J: Job>(
        &'a self,
        delay: Duration,
        job: &J,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, J> {
        self.submit_ready(self.ready(job, None, Some(Due::after(delay))))
    }

    /// Puts a job into a queue that is known by its class name only; `args` are any list: a tuple,
    /// an array, a struct, or `serde_json::json!([…])`.
    ///
    /// The common hooks run, and those of the class if the client knows its handler.
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Client::enqueue).
    pub fn enqueue_raw<'a, A: Serialize + ?Sized>(
        &'a self,
        queue: &str,
        class: &str,
        args: &A,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, A> {
        self.submit(NewJob::raw(class.to_owned(), args).to(queue))
    }

    /// Puts a job into its queue as its description says.
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Client::enqueue) and [`enqueue_at`](Client::enqueue_at).
    pub fn submit(&self, job: NewJob) -> impl Future<Output = Result<Enqueued>> + Send + use<'_> {
        self.submit_ready(job.ready(self))
    }

    fn ready<J: Job>(&self, job: &J, queue: Option<&str>, due: Option<Due>) -> Result<Ready> {
        let class = self.class_of::<J>();
        let queue = match queue {
            None => class.queue_of::<J>()?,
            Some(queue) => queue_named(queue, J::CLASS)?,
        };
        check_class(J::CLASS)?;
        Ok(Ready {
            class_name: J::CLASS.into(),
            class,
            queue,
            encoded: self.stamped(Encoded::new(J::CLASS, job)?, due, None),
            due,
        })
    }

    async fn submit_ready(&self, job: Result<Ready>) -> Result<Enqueued> {
        let job = job?;
        if !job.class.has_enqueue_hooks() {
            return self.put(job).await;
        }
        let class = job.class.clone();
        let context = self.context(&job);
        let waits = job.due.is_some();
        if !class.before_enqueue(&context, waits).await? {
            return Ok(Enqueued::Refused);
        }
        let enqueued = self.put(job).await?;
        class.after_enqueue(&context, waits).await?;
        Ok(enqueued)
    }

    /// What the enqueue hooks of a job are told.
    pub(super) fn context(&self, job: &Ready) -> EnqueueContext {
        let args = Some(job.encoded.args());
        EnqueueContext::new(&job.class_name, job.queue.clone(), args, self.clone())
    }

    /// Puts a job into the store, or performs it in inline mode.
    async fn put(&self, job: Ready) -> Result<Enqueued> {
        if self.backend().is_none() {
            return self.perform_inline(job.encoded.payload).await;
        }
        let item = self.item(job).await?;
        let due = item.due;
        let store = self.store("enqueueing")?;
        let pushed = store.queues().push(&[item]).await?;
        pushed
            .first()
            .map(|pushed| outcome(pushed, due))
            .ok_or_else(no_answer)
    }

    /// The item for the store, with its due time worked out.
    pub(super) async fn item(&self, job: Ready) -> Result<Enqueue> {
        let wanted = job.unique();
        let mut item = Enqueue::new(job.queue, job.encoded.payload);
        if let Some(due) = job.due {
            item.due = self.due(due).await?;
        }
        if let Some(wanted) = wanted {
            self.limits("keeping a job unique")?;
            let lock = wanted.lock(self.store_time().await?, item.due);
            item.lock = lock.map(Box::new);
        }
        Ok(item)
    }

    /// When a job is due in store time; `None` is at once.
    async fn due(&self, due: Due) -> Result<Option<SystemTime>> {
        let now = self.store_time().await?;
        let Some(at) = due.from(now)? else {
            return Ok(None);
        };
        self.delayed()?;
        Ok(Some(at))
    }
}

pub(super) fn outcome(pushed: &Pushed, due: Option<SystemTime>) -> Enqueued {
    match (pushed, due) {
        (Pushed::Queued { length }, _) => Enqueued::Queued { length: *length },
        (Pushed::Duplicate, _) => Enqueued::Duplicate,
        (Pushed::Delayed, Some(due)) => Enqueued::Delayed { due },
        // A store that delays what had no time shows it the moment it became visible.
        (Pushed::Delayed, None) => Enqueued::Queued { length: 0 },
    }
}

/// The error for a store that answers fewer items than it was given.
pub(super) fn no_answer() -> Error {
    Error::Corrupt {
        place: "the answer to a push".to_owned(),
        found: "fewer answers than jobs".to_owned(),
        expected: "one answer for each job".to_owned(),
    }
}
