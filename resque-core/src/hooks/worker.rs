//! Hooks of a worker process.

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::{Client, JobContext, JobResult, WorkerId};

/// The worker that a hook is called for. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct WorkerContext {
    workers: Arc<[WorkerId]>,
    client: Client,
}

impl WorkerContext {
    /// Made by the worker runtime.
    #[must_use]
    pub fn new(workers: impl Into<Arc<[WorkerId]>>, client: Client) -> Self {
        Self {
            workers: workers.into(),
            client,
        }
    }

    /// The ids of its slots.
    #[must_use]
    pub fn workers(&self) -> &[WorkerId] {
        &self.workers
    }

    /// A client of the same store.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

type Hook<C> = Arc<dyn Fn(C) -> BoxFuture<'static, JobResult> + Send + Sync>;

/// Hooks of a worker process, each kind in the order in which they were added.
///
/// | kind | when |
/// |---|---|
/// | `before_first_fork` | once, before the worker registers |
/// | `before_fork` | before each job, in the worker |
/// | `after_fork` | before each job, in the child process that performs it |
/// | `before_pause`, `after_pause` | when reserving is paused and goes on again |
/// | `queue_empty` | when the worker becomes idle |
/// | `worker_exit` | after the worker has left the registry |
/// | `shutdown` | when the worker is asked to stop |
#[derive(Clone, Default)]
pub struct WorkerHooks {
    before_first_fork: Vec<Hook<WorkerContext>>,
    before_fork: Vec<Hook<JobContext>>,
    after_fork: Vec<Hook<JobContext>>,
    before_pause: Vec<Hook<WorkerContext>>,
    after_pause: Vec<Hook<WorkerContext>>,
    queue_empty: Vec<Hook<WorkerContext>>,
    worker_exit: Vec<Hook<WorkerContext>>,
    shutdown: Vec<Hook<WorkerContext>>,
}

/// Defines the method that adds a hook of one kind, and the one that runs all of that kind.
macro_rules! kind {
    ($kind:ident, $run:ident, $context:ty, $when:literal) => {
        #[doc = concat!("Adds a hook that runs ", $when, ".")]
        #[must_use]
        pub fn $kind<F, Fut>(mut self, hook: F) -> Self
        where
            F: Fn($context) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = JobResult> + Send + 'static,
        {
            self.$kind
                .push(Arc::new(move |context| hook(context).boxed()));
            self
        }

        #[doc = concat!("Runs the hooks for this moment: ", $when, ".")]
        ///
        /// # Errors
        ///
        /// The first error; the hooks behind it do not run. A panic is an error too.
        pub async fn $run(&self, context: &$context) -> JobResult {
            for hook in &self.$kind {
                crate::job::catch(hook(context.clone())).await?;
            }
            Ok(())
        }
    };
}

impl WorkerHooks {
    /// No hooks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    kind!(
        before_first_fork,
        run_before_first_fork,
        WorkerContext,
        "once, before the worker registers"
    );
    kind!(
        before_fork,
        run_before_fork,
        JobContext,
        "before each job, in the worker"
    );
    kind!(
        after_fork,
        run_after_fork,
        JobContext,
        "before each job, in the child process that performs it"
    );
    kind!(
        before_pause,
        run_before_pause,
        WorkerContext,
        "when reserving is paused"
    );
    kind!(
        after_pause,
        run_after_pause,
        WorkerContext,
        "when reserving goes on after a pause"
    );
    kind!(
        queue_empty,
        run_queue_empty,
        WorkerContext,
        "when the worker becomes idle"
    );
    kind!(
        worker_exit,
        run_worker_exit,
        WorkerContext,
        "after the worker has left the registry"
    );
    kind!(
        shutdown,
        run_shutdown,
        WorkerContext,
        "when the worker is asked to stop"
    );
}

impl std::fmt::Debug for WorkerHooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerHooks")
            .field("before_fork", &self.before_fork.len())
            .field("after_fork", &self.after_fork.len())
            .finish_non_exhaustive()
    }
}
