//! Calls the application's hooks for moments in the life of a worker, one after the other, on the
//! application's runtime.

use std::sync::Arc;

use std::mem::take;

use futures::future::join_all;
use tokio::sync::{mpsc, oneshot};

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
    /// A job of this worker failed in a way that it could not see itself: it was cancelled and
    /// dropped, or a stop ended it and it did not go back to its queue.
    Failed(JobContext, JobFailure),
    /// The worker leaves, and whoever waits for this ends the process next: the last hooks are
    /// called.
    Exit(oneshot::Sender<()>),
}

/// How many moments are looked at together.
const TOGETHER: usize = 1_024;

/// Everything it takes to call hooks.
#[derive(Clone, Debug)]
pub(crate) struct Hooker {
    pub(crate) core: Arc<Core>,
    pub(crate) hooks: WorkerHooks,
    pub(crate) performer: Performer,
    pub(crate) client: Client,
}

impl Hooker {
    /// Calls hooks until the engine has gone, and at last those of the exit.
    pub(crate) async fn run(self, mut moments: mpsc::UnboundedReceiver<Moment>) {
        let mut some = Vec::new();
        let mut exited = false;
        while moments.recv_many(&mut some, TOGETHER).await > 0 {
            let mut failed = Vec::new();
            for moment in some.drain(..) {
                if let Moment::Failed(job, failure) = moment {
                    failed.push((job, failure));
                    continue;
                }
                self.failed(take(&mut failed)).await;
                if let Moment::Exit(called) = moment {
                    self.exit().await;
                    exited = true;
                    // Whoever waits may have had enough of it.
                    let _ = called.send(());
                } else {
                    self.call(moment).await;
                }
            }
            self.failed(failed).await;
        }
        if !exited {
            self.exit().await;
        }
    }

    async fn exit(&self) {
        self.note(
            "worker_exit",
            self.hooks.run_worker_exit(&self.context()).await,
        );
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
            Moment::Recovered(job, failure) | Moment::Failed(job, failure) => {
                return self.fail(job, failure).await;
            }
            Moment::Exit(_) => return self.exit().await,
        };
        self.note(hook, result);
    }

    /// Calls the failure hooks of jobs, all at the same time. A worker that stops waits for them no
    /// longer than for jobs: what they are told is on record anyway.
    async fn failed(&self, mut jobs: Vec<(JobContext, JobFailure)>) {
        jobs.retain(|(job, _)| job.has_failure_hooks());
        if jobs.is_empty() {
            return;
        }
        let all = join_all(
            jobs.into_iter()
                .map(|(job, failure)| self.fail(job, failure)),
        );
        let core = &self.core;
        tokio::select! {
            biased;
            _ = all => {}
            () = core.clock.sleep(core.settings.term_timeout) => {
                let error = format!("it did not end within {:?}", core.settings.term_timeout);
                self.tell("on_failure", error);
            }
        }
    }

    async fn fail(&self, job: JobContext, failure: JobFailure) {
        let error = self.performer.fail(&job, failure.clone()).await;
        if error != failure {
            // The failure is on record already; this one can only be told.
            self.tell("on_failure", error.error);
        }
    }

    /// Tells a hook's error.
    fn note(&self, hook: &'static str, result: JobResult) {
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
