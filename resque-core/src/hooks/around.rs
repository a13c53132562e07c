//! Hooks that wrap the performing of a job.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::job::Registration;
use crate::{JobContext, JobResult};

/// Wraps the performing of jobs, as an `around_perform` hook does.
///
/// ```
/// use resque_core::{Hooks, JobContext, JobResult, Middleware, Next};
///
/// struct Traced;
///
/// #[async_trait::async_trait]
/// impl Middleware for Traced {
///     async fn around(&self, ctx: &JobContext, next: Next) -> JobResult {
///         tracing::debug!(class = ctx.class(), "begins");
///         let result = next.run().await;
///         tracing::debug!(class = ctx.class(), ok = result.is_ok(), "ends");
///         result
///     }
/// }
///
/// let hooks = Hooks::new().middleware("traced", Traced);
/// ```
#[async_trait]
pub trait Middleware: Send + Sync + 'static {
    /// Runs around the job: what comes before `next.run()` runs before it, what comes after runs
    /// after it. Without `next.run()` the job is not performed, and that is no failure.
    async fn around(&self, ctx: &JobContext, next: Next) -> JobResult;
}

/// The rest of the way: the hooks further inside and, in the middle, the job.
pub struct Next {
    ctx: JobContext,
    registration: Arc<Registration>,
    index: usize,
}

impl Next {
    pub(crate) fn first(ctx: JobContext, registration: Arc<Registration>) -> Self {
        Self {
            ctx,
            registration,
            index: 0,
        }
    }

    /// Goes on, and performs the job.
    ///
    /// # Errors
    ///
    /// Whatever the job or a hook further inside failed with.
    pub fn run(self) -> BoxFuture<'static, JobResult> {
        async move {
            let Some(hook) = self.registration.hooks.around_perform.get(self.index) else {
                self.registration.handler.handle(&self.ctx).await?;
                self.ctx.set_performed();
                return Ok(());
            };
            let next = Self {
                ctx: self.ctx.clone(),
                registration: self.registration.clone(),
                index: self.index + 1,
            };
            hook.around(&self.ctx, next).await
        }
        .boxed()
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next")
            .field("ctx", &self.ctx)
            .finish_non_exhaustive()
    }
}

/// A closure as middleware.
pub(super) struct Around<F>(pub(super) F);

#[async_trait]
impl<F, Fut> Middleware for Around<F>
where
    F: Fn(JobContext, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = JobResult> + Send + 'static,
{
    async fn around(&self, ctx: &JobContext, next: Next) -> JobResult {
        (self.0)(ctx.clone(), next).await
    }
}
