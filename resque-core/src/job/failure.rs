//! How an attempt to perform a job ended.

use std::time::SystemTime;

use super::JobContext;
use crate::FailureRecord;

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

/// What went wrong, as it will be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobFailure {
    /// The kind of error, in Ruby the name of the exception's class.
    pub exception: String,
    /// The error's message.
    pub error: String,
    /// Where it happened, innermost frame first.
    pub backtrace: Vec<String>,
}

impl JobFailure {
    /// A failure without a backtrace.
    #[must_use]
    pub fn new(exception: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            exception: exception.into(),
            error: error.into(),
            backtrace: Vec::new(),
        }
    }

    /// The worker went away while the job was in its hands.
    #[must_use]
    pub fn dirty_exit() -> Self {
        Self::new("Resque::DirtyExit", "Job still being processed")
    }

    /// The record of this failure of that job.
    #[must_use]
    pub fn into_record(self, ctx: &JobContext, failed_at: SystemTime) -> FailureRecord {
        let worker = ctx.worker().map_or("", |worker| worker.as_str());
        FailureRecord::new(failed_at, ctx.payload().clone(), self.exception, self.error)
            .on(worker, ctx.queue())
            .backtrace(self.backtrace)
    }
}
