//! What an application writes.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{JobContext, JobResult, RetryPolicy};
use crate::JobLimits;
use crate::hooks::Hooks;

/// A job: a struct whose fields, in declared order, are the positional arguments on the wire.
///
/// The struct below travels as `{"class":"Archive","args":[44,"masterbrew"]}`, which any other
/// Resque understands. A missing trailing argument takes its `#[serde(default)]`; too many or wrong
/// ones make the job fail with an `ArgumentError` that names the field.
///
/// ```
/// use resque_core::{Job, JobContext, JobResult};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Archive {
///     repo_id: u64,
///     #[serde(default)]
///     branch: String,
/// }
///
/// impl Job for Archive {
///     const CLASS: &'static str = "Archive";
///     const QUEUE: &'static str = "file_serve";
///
///     async fn perform(self, ctx: &JobContext) -> JobResult {
///         ctx.progress(0, 1, format!("archiving {} of {}", self.branch, self.repo_id));
///         Ok(())
///     }
/// }
/// ```
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The name of the class on the wire.
    const CLASS: &'static str;

    /// The queue it goes to unless another one is named; empty is none.
    const QUEUE: &'static str = "";

    /// Does the work. Any error with `?` makes the job fail.
    fn perform(self, ctx: &JobContext) -> impl Future<Output = JobResult> + Send;

    /// The hooks of this class.
    #[must_use]
    fn hooks() -> Hooks {
        Hooks::new()
    }

    /// Which jobs of this class are the same, how many may run at once, and how often they may
    /// start, over all processes.
    #[must_use]
    fn limits() -> JobLimits<Self> {
        JobLimits::new()
    }

    /// Whether and when it is tried again after a failure; `None` is as all jobs of the worker are.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use resque_core::{Job, JobContext, JobResult, RetryPolicy};
    ///
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Charge { order: u64 }
    /// impl Job for Charge {
    ///     const CLASS: &'static str = "Charge";
    ///
    ///     async fn perform(self, ctx: &JobContext) -> JobResult {
    ///         tracing::info!(attempt = ctx.attempt(), "charging");
    ///         Ok(())
    ///     }
    ///
    ///     fn retry() -> Option<RetryPolicy> {
    ///         let longest = Duration::from_secs(600);
    ///         Some(RetryPolicy::exponential(Duration::from_secs(5), longest).max_attempts(8))
    ///     }
    /// }
    /// ```
    #[must_use]
    fn retry() -> Option<RetryPolicy> {
        None
    }

    /// How long it may run before it counts as failed; `None` is as long as the worker says.
    #[must_use]
    fn timeout() -> Option<Duration> {
        None
    }
}
