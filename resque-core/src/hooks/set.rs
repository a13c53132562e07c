//! The hooks of a class, or of all classes.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::around::Around;
use super::list::HookList;
use super::{EnqueueContext, Middleware, Next};
use crate::{JobContext, JobFailure, JobResult};

pub(crate) type GateHook =
    Arc<dyn Fn(EnqueueContext) -> BoxFuture<'static, JobResult<bool>> + Send + Sync>;
pub(crate) type EnqueueHook =
    Arc<dyn Fn(EnqueueContext) -> BoxFuture<'static, JobResult> + Send + Sync>;
pub(crate) type PerformHook =
    Arc<dyn Fn(JobContext) -> BoxFuture<'static, JobResult> + Send + Sync>;
pub(crate) type FailureHook =
    Arc<dyn Fn(JobContext, JobFailure) -> BoxFuture<'static, JobResult> + Send + Sync>;

/// Hooks of one class ([`crate::Job::hooks`]), of all jobs of a process
/// ([`crate::Handlers::hooks`]) or of all calls of a client ([`crate::Client::with_hooks`]).
///
/// Hooks of one kind run in byte order of their names, those of the class and the common ones
/// together.
///
/// | kind | when | what it can do |
/// |---|---|---|
/// | `before_enqueue` | before a push; all run | `Ok(false)` keeps the job out |
/// | `after_enqueue` | after the push | an error goes to the caller, the job stays |
/// | `before_schedule` | before a job is put away until its time comes, ahead of `before_enqueue` | `Ok(false)` keeps the job out |
/// | `after_schedule` | after that, behind `after_enqueue` | an error goes to the caller, the job stays |
/// | `before_delayed_enqueue` | when a schedule fires, ahead of `before_enqueue` | an error keeps this run out |
/// | `before_dequeue`, `after_dequeue` | around a dequeue | `Ok(false)` before it: nothing is removed |
/// | `before_perform` | before the job | [`crate::JobError::dont_perform`] skips it quietly, another error fails it |
/// | `around_perform` | around the job, first name outermost | without `next.run()` the job is not performed |
/// | `after_perform` | after the job | an error fails it |
/// | `on_failure` | after each failed attempt, once | an error is recorded on top of the failure |
///
/// ```
/// use resque_core::{Hooks, JobError};
///
/// let hooks = Hooks::new()
///     .before_enqueue("valid", |job| async move {
///         let (repo,): (u64,) = job.args()?;
///         Ok(repo != 0)
///     })
///     .before_perform("not_twice", |ctx| async move {
///         if ctx.is_redelivered() { Err(JobError::dont_perform()) } else { Ok(()) }
///     })
///     .around_perform("traced", |ctx, next| async move {
///         tracing::info!(class = ctx.class(), "begins");
///         next.run().await
///     })
///     .on_failure("report", |ctx, failure| async move {
///         tracing::warn!(class = ctx.class(), error = failure.error, "failed");
///         Ok(())
///     });
/// assert!(!hooks.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    pub(crate) before_enqueue: HookList<GateHook>,
    pub(crate) after_enqueue: HookList<EnqueueHook>,
    pub(crate) before_schedule: HookList<GateHook>,
    pub(crate) after_schedule: HookList<EnqueueHook>,
    pub(crate) before_delayed_enqueue: HookList<EnqueueHook>,
    pub(crate) before_dequeue: HookList<GateHook>,
    pub(crate) after_dequeue: HookList<EnqueueHook>,
    pub(crate) before_perform: HookList<PerformHook>,
    pub(crate) around_perform: HookList<Arc<dyn Middleware>>,
    pub(crate) after_perform: HookList<PerformHook>,
    pub(crate) on_failure: HookList<FailureHook>,
}

/// Defines the method that adds a hook of one kind.
macro_rules! adder {
    ($(#[$doc:meta])* $kind:ident($($arg:ident: $ty:ty),*) -> $output:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $kind<F, Fut>(mut self, name: impl Into<Cow<'static, str>>, hook: F) -> Self
        where
            F: Fn($($ty),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = $output> + Send + 'static,
        {
            self.$kind.insert(name.into(), Arc::new(move |$($arg),*| hook($($arg),*).boxed()));
            self
        }
    };
}

impl Hooks {
    /// No hooks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    adder! {
        /// Adds a hook that runs before a job is put into its queue; `Ok(false)` keeps it out.
        before_enqueue(job: EnqueueContext) -> JobResult<bool>
    }
    adder! {
        /// Adds a hook that runs after a job was put into its queue.
        after_enqueue(job: EnqueueContext) -> JobResult
    }
    adder! {
        /// Adds a hook that runs before a job is put away until its time comes; `Ok(false)` keeps it
        /// out.
        before_schedule(job: EnqueueContext) -> JobResult<bool>
    }
    adder! {
        /// Adds a hook that runs after a job was put away until its time comes.
        after_schedule(job: EnqueueContext) -> JobResult
    }
    adder! {
        /// Adds a hook that runs before a recurring job is put into its queue. Delayed jobs are
        /// moved into their queues by the store, without hooks.
        before_delayed_enqueue(job: EnqueueContext) -> JobResult
    }
    adder! {
        /// Adds a hook that runs before jobs are taken out of a queue by class; `Ok(false)` leaves
        /// them there.
        before_dequeue(job: EnqueueContext) -> JobResult<bool>
    }
    adder! {
        /// Adds a hook that runs after jobs were taken out of a queue by class.
        after_dequeue(job: EnqueueContext) -> JobResult
    }
    adder! {
        /// Adds a hook that runs before a job is performed.
        before_perform(ctx: JobContext) -> JobResult
    }
    adder! {
        /// Adds a hook that runs after a job was performed.
        after_perform(ctx: JobContext) -> JobResult
    }
    adder! {
        /// Adds a hook that runs after a job failed, here or in a worker that died.
        on_failure(ctx: JobContext, failure: JobFailure) -> JobResult
    }

    /// Adds a hook that runs around a job.
    #[must_use]
    pub fn around_perform<F, Fut>(self, name: impl Into<Cow<'static, str>>, hook: F) -> Self
    where
        F: Fn(JobContext, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.middleware(name, Around(hook))
    }

    /// Adds middleware, which is an `around_perform` hook with a type of its own.
    #[must_use]
    pub fn middleware(
        mut self,
        name: impl Into<Cow<'static, str>>,
        middleware: impl Middleware,
    ) -> Self {
        self.around_perform
            .insert(name.into(), Arc::new(middleware));
        self
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before_enqueue.is_empty()
            && self.after_enqueue.is_empty()
            && self.before_schedule.is_empty()
            && self.after_schedule.is_empty()
            && self.before_delayed_enqueue.is_empty()
            && self.before_dequeue.is_empty()
            && self.after_dequeue.is_empty()
            && self.before_perform.is_empty()
            && self.around_perform.is_empty()
            && self.after_perform.is_empty()
            && self.on_failure.is_empty()
    }

    /// These and the others, together in order; of equal names these first.
    #[must_use]
    pub fn merged(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.before_enqueue.extend(&others.before_enqueue);
        all.after_enqueue.extend(&others.after_enqueue);
        all.before_schedule.extend(&others.before_schedule);
        all.after_schedule.extend(&others.after_schedule);
        let fired = &others.before_delayed_enqueue;
        all.before_delayed_enqueue.extend(fired);
        all.before_dequeue.extend(&others.before_dequeue);
        all.after_dequeue.extend(&others.after_dequeue);
        all.before_perform.extend(&others.before_perform);
        all.around_perform.extend(&others.around_perform);
        all.after_perform.extend(&others.after_perform);
        all.on_failure.extend(&others.on_failure);
        all
    }
}
