//! How an attempt to perform a job ended.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Decision, JobContext, Verdict};
use crate::FailureRecord;
use crate::wire::extra::Death;

/// How an attempt to perform a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Performed {
    /// The job was performed.
    Done,
    /// A hook kept the job from being performed, quietly: it raised `DontPerform`, or an around
    /// hook did not go on. The job counts as processed.
    Skipped,
    /// The job failed; its failure hooks have run.
    Failed(JobFailure),
}

/// What went wrong, as it will be recorded, and what that means for the job.
///
/// It is plain data and crosses processes as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobFailure {
    /// The kind of error, in Ruby the name of the exception's class.
    pub exception: String,
    /// The error's message.
    pub error: String,
    /// Where it happened, innermost frame first.
    pub backtrace: Vec<String>,
    /// What the error itself says about the future of the job.
    #[serde(default)]
    pub verdict: Verdict,
    /// The account of the worker or process that was lost with the job, if that is what went wrong.
    #[serde(default)]
    pub death: Option<Box<Death>>,
    /// What becomes of the job; `None` as long as nobody has decided it.
    #[serde(default)]
    pub decision: Option<Decision>,
}

impl JobFailure {
    /// A failure without a backtrace.
    #[must_use]
    pub fn new(exception: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            exception: exception.into(),
            error: error.into(),
            backtrace: Vec::new(),
            verdict: Verdict::Policy,
            death: None,
            decision: None,
        }
    }

    /// The same failure with what the error says about the future of the job.
    #[must_use]
    pub fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }

    /// The same failure, because a worker or process was lost with the job.
    #[must_use]
    pub fn with_death(mut self, death: Death) -> Self {
        self.death = Some(Box::new(death));
        self
    }

    /// When the job is tried again; `None` if it is not. Failure hooks may ask this.
    #[must_use]
    pub fn retry_at(&self) -> Option<SystemTime> {
        match self.decision {
            Some(Decision::RetryAt(at)) => Some(at),
            _ => None,
        }
    }

    /// The same failure with a decision taken by the caller, whatever the job's policy says.
    #[must_use]
    pub fn with_decision(mut self, decision: Decision) -> Self {
        self.decision = Some(decision);
        self
    }

    /// The worker went away while the job was in its hands.
    #[must_use]
    pub fn dirty_exit() -> Self {
        Self::new("Resque::DirtyExit", "Job still being processed")
    }

    /// The worker was told to stop and ended the job.
    #[must_use]
    pub fn terminated() -> Self {
        Self::new("Resque::TermException", "SIGTERM")
    }

    /// The record of this failure of that job. Of a job that was tried before it tells the history,
    /// in the payload.
    #[must_use]
    pub fn into_record(self, ctx: &JobContext, failed_at: SystemTime) -> FailureRecord {
        let worker = ctx.worker().map_or("", |worker| worker.as_str());
        let payload = ctx.payload_to_record(&self);
        let error = if self.decision == Some(Decision::Quarantine) {
            format!(
                "{} (the job has cost {} workers and is tried no more)",
                self.error,
                ctx.deaths() + 1
            )
        } else {
            self.error
        };
        FailureRecord::new(failed_at, payload, self.exception, error)
            .on(worker, ctx.queue())
            .backtrace(self.backtrace)
    }
}
