//! Calls the application's hooks for moments in the life of a worker, one after the other, on the
//! application's runtime.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Event;
use super::core::Core;
use crate::{Client, JobContext, JobFailure, JobResult, Performer, WorkerContext, WorkerHooks};

/// A moment for which there are hooks.
#[derive(Debug)]
pub(crate) enum Moment {
    BeforePause,
    AfterPause,
    QueueEmpty,
    Shutdown,
    /// The job of a dead worker was recorded as failed, or waits for another attempt.
    Recovered(JobContext, JobFailure),
}

/// Everything it takes to call hooks.
#[derive(Clone, Debug)]
pub(crate) struct Hooker {
    pub(crate) core: Arc<Core>,
    pub(crate) hooks: WorkerHooks,
    pub(crate) performer: Performer,
    pub(crate) client: Client,
}

impl Hooker {
    /// Calls hooks until the engine has gone.
    pub(crate) async fn run(self, mut moments: mpsc::UnboundedReceiver<Moment>) {
        while let Some(moment) = moments.recv().await {
            self.call(moment).await;
        }
    }

    /// The worker as hooks see it.
    pub(crate) fn context(&self) -> WorkerContext {
        WorkerContext::new(self.core.slots.ids(), self.client.clone())
    }

    async fn call(&self, moment: Moment) {
        let context = self.context();
        let hooks = &self.hooks;
        let (hook, result) = match moment {
            Moment::BeforePause => ("before_pause", hooks.run_before_pause(&context).await),
            Moment::AfterPause => ("after_pause", hooks.run_after_pause(&context).await),
            Moment::QueueEmpty => ("queue_empty", hooks.run_queue_empty(&context).await),
            Moment::Shutdown => ("shutdown", hooks.run_shutdown(&context).await),
            Moment::Recovered(job, failure) => return self.recovered(job, failure).await,
        };
        self.note(hook, result);
    }

    async fn recovered(&self, job: JobContext, failure: JobFailure) {
        let error = self.performer.fail(&job, failure.clone()).await;
        if error != failure {
            // The failure is on record already; this one can only be told.
            self.tell("on_failure", error.error);
        }
    }

    /// Tells a hook's error.
    pub(crate) fn note(&self, hook: &'static str, result: JobResult) {
        if let Err(error) = result {
            self.tell(hook, error.to_string());
        }
    }

    fn tell(&self, hook: &'static str, error: String) {
        tracing::error!(hook, error, "a worker hook failed");
        self.core
            .events
            .announce(|| Event::HookFailed { hook, error });
    }
}
