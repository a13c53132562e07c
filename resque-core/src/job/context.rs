//! What a job is told while it runs.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::cancellation::Cancellation;
use super::performer::{Environment, Read};
use super::{JobError, JobFailure, JobResult, Progress, Registration, RetryPolicy};
use crate::args;
use crate::hooks::Hooks;
use crate::wire::extra::Extras;
use crate::{Client, Payload, QueueName, Reservation, SharedClock, WorkerId};

/// One attempt to perform a job, as the worker sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The queue it came from; `None` where a foreign worker's note names none.
    pub queue: Option<QueueName>,
    /// The job's bytes.
    pub payload: Payload,
    /// The slot that holds it; `None` when no worker does.
    pub worker: Option<WorkerId>,
    /// Which attempt this is, beginning with 1.
    pub number: u32,
    /// When the worker was given it, in store time.
    pub since: Option<SystemTime>,
    /// When it was put into the queue, where that is known.
    pub enqueued_at: Option<SystemTime>,
    /// Whether the slot had been given it before and the reply may have been lost.
    pub redelivered: bool,
}

impl Attempt {
    /// The first attempt, by no worker.
    #[must_use]
    pub fn new(queue: Option<QueueName>, payload: Payload) -> Self {
        Self {
            queue,
            payload,
            worker: None,
            number: 1,
            since: None,
            enqueued_at: None,
            redelivered: false,
        }
    }

    /// The same, which began at this time.
    #[must_use]
    pub fn since(mut self, since: Option<SystemTime>) -> Self {
        self.since = since;
        self
    }

    /// The same, in the hands of a worker.
    #[must_use]
    pub fn on(mut self, worker: WorkerId) -> Self {
        self.worker = Some(worker);
        self
    }
}

impl From<&Reservation> for Attempt {
    fn from(reservation: &Reservation) -> Self {
        Self {
            since: Some(reservation.since),
            redelivered: reservation.redelivered,
            ..Self::new(Some(reservation.queue.clone()), reservation.payload.clone())
                .on(reservation.worker.clone())
        }
    }
}

/// What a job is told while it runs, and what it may ask for. Cloning is cheap.
#[derive(Clone)]
pub struct JobContext {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) environment: Arc<Environment>,
    pub(super) attempt: Attempt,
    pub(super) args: Bytes,
    /// What the payload tells of earlier attempts.
    pub(super) history: Option<Box<Extras>>,
    /// Who performs it, or why nobody can.
    pub(super) registration: Result<Arc<Registration>, Box<Unknown>>,
    pub(super) cancellation: Cancellation,
    /// Failure hooks run once in the life of a job, whoever sees it fail first.
    pub(super) failure_hooks_ran: AtomicBool,
    /// Whether the handler itself came to a good end.
    pub(super) performed: AtomicBool,
}

/// Who performs a job, or why nobody can.
pub(super) type Found<'a> = Result<Cow<'a, Arc<Registration>>, Box<Unknown>>;

/// A job that nobody can perform.
pub(super) struct Unknown {
    /// Empty when the payload is no job.
    pub(super) class: String,
    pub(super) failure: JobFailure,
}

impl JobContext {
    pub(super) fn new(environment: Arc<Environment>, attempt: Attempt, read: Read<'_>) -> Self {
        let Read {
            args,
            history,
            found,
        } = read;
        Self {
            shared: Arc::new(Shared {
                environment,
                attempt,
                args,
                history,
                registration: found.map(Cow::into_owned),
                cancellation: Cancellation::default(),
                failure_hooks_ran: AtomicBool::new(false),
                performed: AtomicBool::new(false),
            }),
        }
    }

    /// The job's class; empty when the payload is no job.
    #[must_use]
    pub fn class(&self) -> &str {
        match &self.shared.registration {
            Ok(registration) => &registration.class,
            Err(unknown) => &unknown.class,
        }
    }

    /// The queue it came from, `inline` in inline mode.
    #[must_use]
    pub fn queue(&self) -> &str {
        self.shared
            .attempt
            .queue
            .as_ref()
            .map_or("", QueueName::as_str)
    }

    /// The job's bytes exactly as they were pushed.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.shared.attempt.payload
    }

    /// The arguments as the JSON array that was pushed.
    #[must_use]
    pub fn args_json(&self) -> &str {
        // The payload was read as text before, so this never falls back.
        std::str::from_utf8(&self.shared.args).unwrap_or("[]")
    }

    /// The arguments as a struct or a tuple, by position.
    ///
    /// # Errors
    ///
    /// An `ArgumentError` that names what does not fit.
    pub fn args<T: DeserializeOwned>(&self) -> JobResult<T> {
        args::from_json(self.args_json()).map_err(JobError::argument)
    }

    /// The worker that performs it; `None` when no worker does, as in inline mode.
    #[must_use]
    pub fn worker(&self) -> Option<&WorkerId> {
        self.shared.attempt.worker.as_ref()
    }

    /// Which attempt this is, beginning with 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.shared.attempt.number
    }

    /// How many attempts there are at most; 1 for a job that is not tried again.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.retry_policy().map_or(1, |policy| policy.attempts())
    }

    /// When the first attempt began, in store time, where that is known.
    #[must_use]
    pub fn first_attempt(&self) -> Option<SystemTime> {
        let told = self.history().and_then(|history| history.first_attempt);
        told.or(self.shared.attempt.since)
    }

    /// What the payload tells of the attempts before this one.
    #[must_use]
    pub fn history(&self) -> Option<&Extras> {
        self.shared.history.as_deref()
    }

    /// To which trace the job belongs, in W3C's form, if whoever enqueued it put that on it
    /// ([`crate::Stamp`]); the same in every attempt.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.history()?.traceparent.as_deref()
    }

    /// When it was put into the queue, where that is known: a plain Resque payload does not tell.
    #[must_use]
    pub fn enqueued_at(&self) -> Option<SystemTime> {
        self.shared.attempt.enqueued_at
    }

    /// How long it waited in its queue, where that is known.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        let Attempt {
            enqueued_at, since, ..
        } = self.shared.attempt;
        Some(since?.duration_since(enqueued_at?).unwrap_or_default())
    }

    /// Whether the worker had been given it before and the reply may have been lost.
    #[must_use]
    pub fn is_redelivered(&self) -> bool {
        self.shared.attempt.redelivered
    }

    /// How long it may run, if whoever enqueued it or its class says so.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        let own = self.history().and_then(|history| history.timeout);
        own.or_else(|| self.registration().ok()?.timeout)
    }

    /// Whether a handler was registered for it, or a fallback takes it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.registration().is_ok()
    }

    /// The application's value of this type.
    ///
    /// # Errors
    ///
    /// When the handlers were given none.
    pub fn state<T: Send + Sync + 'static>(&self) -> JobResult<&T> {
        self.shared.environment.state.get().ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            JobError::new(
                "Resque::NoState",
                format!("no state of type {wanted} was given to the handlers; add it with `Handlers::state`"),
            )
        })
    }

    /// A client of the same store, for follow-up jobs.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.shared.environment.client
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        self.client().clock()
    }

    /// Reports how far the job has come.
    pub fn progress(&self, done: u64, total: u64, text: impl Into<String>) {
        if let Some(sink) = &self.shared.environment.progress {
            sink.progress(self, Progress::new(done, total, text.into()));
        }
    }

    /// Tells when the job should stop: its time is up, or its worker stops and waits no longer.
    #[must_use]
    pub fn cancellation(&self) -> CancellationToken {
        self.shared.cancellation.token()
    }

    /// Whether the job should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancellation.is_cancelled()
    }

    /// Asks the job to stop. For workers.
    pub fn cancel(&self) {
        self.shared.cancellation.cancel();
    }

    pub(super) fn registration(&self) -> Result<&Arc<Registration>, &JobFailure> {
        self.shared
            .registration
            .as_ref()
            .map_err(|unknown| &unknown.failure)
    }

    /// How many workers were lost with this job before.
    pub(super) fn deaths(&self) -> usize {
        self.history().map_or(0, |history| history.deaths.len())
    }

    /// What decides whether it is tried again.
    pub(super) fn retry_policy(&self) -> Option<&Arc<RetryPolicy>> {
        match self.registration() {
            Ok(registration) => registration.retry.as_ref(),
            Err(_) => self.shared.environment.policy.as_ref(),
        }
    }

    /// The hooks of its class mixed with the common ones; the common ones for an unknown class.
    pub(super) fn hooks(&self) -> &Hooks {
        match self.registration() {
            Ok(registration) => &registration.hooks,
            Err(_) => &self.shared.environment.common_hooks,
        }
    }

    /// Whether there is anything to call when it fails.
    #[cfg(feature = "worker")]
    pub(crate) fn has_failure_hooks(&self) -> bool {
        !self.hooks().on_failure.is_empty()
    }

    /// Answers true to the first who asks.
    pub(super) fn claim_failure_hooks(&self) -> bool {
        !self.shared.failure_hooks_ran.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn set_performed(&self) {
        self.shared.performed.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_performed(&self) -> bool {
        self.shared.performed.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("class", &self.class())
            .field("attempt", &self.shared.attempt)
            .finish_non_exhaustive()
    }
}
