//! Performs jobs: decodes, runs hooks and handler in Resque's order, and survives whatever happens.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};

use super::context::{Found, Unknown};
use super::inspect::describe;
use super::panic::catch;
use super::state::State;
use super::{
    Attempt, Decision, Handlers, JobContext, JobError, JobFailure, Performed, ProgressSink,
    Registration, RetryPolicy,
};
use crate::hooks::{Hooks, Next};
use crate::wire::extra::Extras;
use crate::wire::payload::{INVALID_PAYLOAD, JobText, decode};
use crate::{Client, Payload};

/// Performs jobs with [`Handlers`]. Cloning is cheap.
///
/// A job goes through three steps: [`prepare`](Performer::prepare) decodes it and finds its
/// handler, [`perform`](Performer::perform) runs it, and [`fail`](Performer::fail) tells its hooks
/// about a failure that it could not see itself, such as a timeout or a worker that died.
#[derive(Clone)]
pub struct Performer {
    handlers: Arc<Handlers>,
    pub(super) environment: Arc<Environment>,
}

type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;
type Random = Arc<dyn Fn() -> f64 + Send + Sync>;
type Judge = Arc<dyn Fn(&JobContext, JobFailure) -> BoxFuture<'static, JobFailure> + Send + Sync>;

/// What all jobs of a performer share.
#[derive(Clone)]
pub(super) struct Environment {
    pub(super) client: Client,
    pub(super) state: State,
    pub(super) common_hooks: Hooks,
    pub(super) progress: Option<Arc<dyn ProgressSink>>,
    /// What happens after a failure to jobs of classes that nobody knows.
    pub(super) policy: Option<Arc<RetryPolicy>>,
    /// The store's time; without it the client's clock is asked.
    now: Option<Now>,
    /// Something between 0 and 1, at random.
    random: Random,
    /// Who decides what becomes of failed jobs, if that is somebody else.
    judge: Option<Judge>,
}

impl Environment {
    pub(super) fn now(&self) -> SystemTime {
        match &self.now {
            Some(now) => now(),
            None => self.client.clock().now(),
        }
    }

    pub(super) fn random(&self) -> f64 {
        (self.random)()
    }

    /// Tells why a job is not tried again; in inline mode nobody expects it to be.
    pub(super) fn warn_of_no_delay(&self, ctx: &JobContext) {
        if self.client.backend().is_some() {
            tracing::warn!(
                class = ctx.class(),
                "the backend lets no job wait for its time, so this one is not tried again"
            );
        }
    }

    /// Whether the store can keep a job until its time comes.
    pub(super) fn lets_jobs_wait(&self) -> bool {
        let backend = self.client.backend();
        backend.is_some_and(|backend| backend.queues().delayed().is_some())
    }
}

/// What a performer has read of a payload.
pub(super) struct Read<'a> {
    pub(super) args: Bytes,
    pub(super) history: Option<Box<Extras>>,
    pub(super) found: Found<'a>,
}

impl Performer {
    /// Performs with these handlers; jobs see the client's clock and enqueue follow-ups with the
    /// client, which runs the hooks that the handlers have.
    #[must_use]
    pub fn new(handlers: Handlers, client: Client) -> Self {
        let environment = Environment {
            client: client.with_handlers(handlers.clone()),
            state: handlers.shared_state().clone(),
            common_hooks: handlers.common_hooks().clone(),
            progress: None,
            policy: handlers.policy_of(""),
            now: None,
            random: Arc::new(fastrand::f64),
            judge: None,
        };
        Self {
            handlers: Arc::new(handlers.completed()),
            environment: Arc::new(environment),
        }
    }

    /// Tells progress to `sink`.
    #[must_use]
    pub fn with_progress(mut self, sink: impl ProgressSink) -> Self {
        self.environment_mut().progress = Some(Arc::new(sink));
        self
    }

    /// Takes the store's time from `now`, for the times of retries; without it, the time of the
    /// client's clock.
    #[must_use]
    pub fn with_time(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.environment_mut().now = Some(Arc::new(now));
        self
    }

    /// Takes what is random about the delays of retries from `random`, which gives numbers from 0
    /// to 1. For tests.
    #[must_use]
    pub fn with_random(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.environment_mut().random = Arc::new(random);
        self
    }

    /// Asks `judge` what becomes of each job that fails, instead of deciding it; the answer is the
    /// failure as it will be recorded, with the decision. For a process that performs jobs for a
    /// worker, which alone knows the store and its time.
    #[must_use]
    pub fn with_judge<F, Fut>(mut self, judge: F) -> Self
    where
        F: Fn(&JobContext, JobFailure) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobFailure> + Send + 'static,
    {
        let judge: Judge = Arc::new(move |ctx, failure| judge(ctx, failure).boxed());
        self.environment_mut().judge = Some(judge);
        self
    }

    fn environment_mut(&mut self) -> &mut Environment {
        Arc::make_mut(&mut self.environment)
    }

    /// The handlers.
    #[must_use]
    pub fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// Decodes a job and finds its handler. What cannot be performed fails in
    /// [`perform`](Performer::perform).
    #[must_use]
    pub fn prepare(&self, mut attempt: Attempt) -> JobContext {
        let read = self.read(&attempt.payload);
        attempt.number = read.number().unwrap_or(attempt.number);
        attempt.enqueued_at = attempt.enqueued_at.or(read.enqueued_at());
        JobContext::new(self.environment.clone(), attempt, read)
    }

    /// The arguments of a payload, what it tells of earlier attempts, and who performs it.
    pub(super) fn read(&self, payload: &Payload) -> Read<'_> {
        let text = match decode(payload.as_bytes()) {
            Ok(text) => text,
            Err(invalid) => {
                let failure = JobFailure::new(INVALID_PAYLOAD, invalid.to_string());
                let class = String::new();
                return Read {
                    args: Bytes::from_static(b"[]"),
                    history: None,
                    found: Err(Box::new(Unknown { class, failure })),
                };
            }
        };
        let args = share(payload, &text);
        let history = text.extras.map(|extras| {
            let mut extras = Box::new(Extras::parse(extras.as_bytes()));
            if extras.ended {
                extras.begin_again();
            }
            extras
        });
        let found = match self.handlers.find(&text.class) {
            Some(registration) => Ok(Cow::Borrowed(registration)),
            None => self.fallback(&text.class).map(Cow::Owned),
        };
        Read {
            args,
            history,
            found,
        }
    }

    fn fallback(&self, class: &str) -> Result<Arc<Registration>, Box<Unknown>> {
        self.handlers.fallback_for(class).ok_or_else(|| {
            let missing = self.handlers.first_missing(class);
            let failure = JobFailure::new("NameError", format!("uninitialized constant {missing}"));
            let class = class.to_owned();
            Box::new(Unknown { class, failure })
        })
    }

    /// Performs a job: `before_perform` hooks, the handler inside the `around_perform` hooks, then
    /// `after_perform` hooks; on any error, `on_failure` hooks. A panic is a failure too.
    pub async fn perform(&self, ctx: &JobContext) -> Performed {
        let failure = match ctx.registration() {
            Ok(registration) => match catch(run(ctx, registration)).await {
                Ok(true) => return Performed::Done,
                Ok(false) => return Performed::Skipped,
                Err(error) => error.into_failure(),
            },
            Err(failure) => failure.clone(),
        };
        Performed::Failed(self.fail(ctx, failure).await)
    }

    /// Decides what becomes of a job, runs its `on_failure` hooks unless they ran before or its
    /// error lets it wait as if it had not been tried, and answers what to record: the failure, or what went wrong in a hook on top of it.
    pub async fn fail(&self, ctx: &JobContext, failure: JobFailure) -> JobFailure {
        let failure = match &self.environment.judge {
            Some(judge) if failure.decision.is_none() => judge(ctx, failure).await,
            _ => failure,
        };
        let failure = self.decide(ctx, failure);
        if matches!(failure.decision, Some(Decision::SnoozeUntil(_))) {
            // It was not tried, so it has not failed.
            return failure;
        }
        let hooks = &ctx.hooks().on_failure;
        if hooks.is_empty() || !ctx.claim_failure_hooks() {
            return failure;
        }
        for hook in hooks.iter() {
            if let Err(error) = catch(hook(ctx.clone(), failure.clone())).await {
                return additional(ctx, &error, failure);
            }
        }
        failure
    }
}

/// Runs hooks and handler, and answers whether the job was performed.
async fn run(ctx: &JobContext, registration: &Arc<Registration>) -> Result<bool, JobError> {
    let hooks = &registration.hooks;
    for hook in hooks.before_perform.iter() {
        match hook(ctx.clone()).await {
            Err(error) if error.is_dont_perform() => return Ok(false),
            result => result?,
        }
    }
    if hooks.around_perform.is_empty() {
        registration.handler.handle(ctx).await?;
        ctx.set_performed();
    } else {
        Next::first(ctx.clone(), registration.clone()).run().await?;
    }
    for hook in hooks.after_perform.iter() {
        hook(ctx.clone()).await?;
    }
    Ok(ctx.was_performed())
}

/// The failure that Resque records when a failure hook fails itself; the doubled class is its own.
fn additional(ctx: &JobContext, error: &JobError, original: JobFailure) -> JobFailure {
    let (class, message) = (error.exception(), error.message());
    let text = format!(
        "Additional error ({class}: {message}) occurred in running failure hooks for job \
         {}\nOriginal error that caused job failure was {class}: {}: {}",
        describe(ctx.queue(), ctx.class(), ctx.args_json()),
        original.exception,
        original.error
    );
    JobFailure {
        exception: "RuntimeError".to_owned(),
        error: text,
        ..original
    }
}

impl Read<'_> {
    /// When the job became visible in its queue, if the payload tells.
    pub(super) fn enqueued_at(&self) -> Option<SystemTime> {
        self.history.as_ref()?.enqueued_at
    }

    /// Which attempt this is, if the payload tells.
    pub(super) fn number(&self) -> Option<u32> {
        let history = self.history.as_ref()?;
        Some(history.attempts.saturating_add(1))
    }
}

/// The raw arguments, sharing the payload's memory where they stand in it.
pub(crate) fn share(payload: &Payload, text: &JobText<'_>) -> Bytes {
    let (whole, part) = (payload.as_bytes(), text.args.as_bytes());
    if whole.as_ptr_range().contains(&part.as_ptr()) {
        payload.clone().into_bytes().slice_ref(part)
    } else {
        Bytes::copy_from_slice(part)
    }
}

impl fmt::Debug for Performer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Performer")
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "performer_tests.rs"]
mod tests;
