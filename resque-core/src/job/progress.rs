//! How far a running job has come.

use super::JobContext;

/// How far a running job has come, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many steps are done.
    pub done: u64,
    /// How many there are in all.
    pub total: u64,
    /// What is being done.
    pub text: String,
}

impl Progress {
    pub(super) fn new(done: u64, total: u64, text: String) -> Self {
        Self { done, total, text }
    }
}

/// Hears of the progress of jobs: the worker's events, a test, a page.
pub trait ProgressSink: Send + Sync + 'static {
    /// Takes note; it must not block.
    fn progress(&self, ctx: &JobContext, progress: Progress);
}

impl<F> ProgressSink for F
where
    F: Fn(&JobContext, Progress) + Send + Sync + 'static,
{
    fn progress(&self, ctx: &JobContext, progress: Progress) {
        self(ctx, progress);
    }
}
