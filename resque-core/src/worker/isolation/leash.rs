//! What ties a job that runs elsewhere to its worker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{JobFailure, SharedClock};

/// What a worker can do to a job that runs elsewhere, hears of it, and thinks of its failure.
#[derive(Clone, Default)]
pub struct Leash {
    term: CancellationToken,
    kill: CancellationToken,
    begun: watch::Sender<bool>,
    judge: Option<Judge>,
}

type Judge = Arc<dyn Fn(JobFailure) -> JobFailure + Send + Sync>;

impl Leash {
    pub(crate) fn new(
        kill: CancellationToken,
        judge: impl Fn(JobFailure) -> JobFailure + Send + Sync + 'static,
    ) -> Self {
        Self {
            kill,
            judge: Some(Arc::new(judge)),
            ..Self::default()
        }
    }

    /// What the worker makes of the failure of its job: the failure as it will be recorded, with
    /// what becomes of the job. It decides that once, so this is what failure hooks are told and
    /// what [`Isolated`](super::Isolated) answers.
    #[must_use]
    pub fn judge(&self, failure: JobFailure) -> JobFailure {
        match &self.judge {
            Some(judge) if failure.decision.is_none() => judge(failure),
            _ => failure,
        }
    }

    /// Is cancelled when the job is to be asked to stop.
    #[must_use]
    pub fn term(&self) -> &CancellationToken {
        &self.term
    }

    /// Is cancelled when the job's process is to be killed.
    #[must_use]
    pub fn kill(&self) -> &CancellationToken {
        &self.kill
    }

    /// Whether the job is to be asked to stop, or its process to be killed.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.term.is_cancelled() || self.kill.is_cancelled()
    }

    /// Tells that the job begins. The time that it may run counts from here; what was before, such
    /// as the start of a process, is not the job's.
    pub fn begins(&self) {
        self.begun.send_replace(true);
    }

    /// Takes that back: the job has not begun after all, and has all its time when it does.
    pub fn has_not_begun(&self) {
        self.begun.send_replace(false);
    }

    /// Waits until the job has run for so long.
    pub(crate) async fn time_is_up(&self, clock: &SharedClock, timeout: Duration) {
        let mut begun = self.begun.subscribe();
        // It changes as long as this is there, so waiting for it never fails.
        while begun.wait_for(|begun| *begun).await.is_ok() {
            tokio::select! {
                biased;
                _ = begun.wait_for(|begun| !*begun) => {}
                () = clock.sleep(timeout) => return,
            }
        }
    }
}

impl fmt::Debug for Leash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leash")
            .field("term", &self.term.is_cancelled())
            .field("kill", &self.kill.is_cancelled())
            .field("begun", &*self.begun.borrow())
            .finish_non_exhaustive()
    }
}
