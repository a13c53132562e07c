//! What the store holds, looked at from time to time.

use std::collections::HashSet;
use std::sync::Arc;

use metrics::Recorder;

use super::table::{
    DELAYED_JOBS, FAILED_JOBS, QUEUE_JOBS, QUEUE_OLDEST, STORE_WORKERS, STORE_WORKING,
};
use super::{OTHER, Recording};
use crate::{Backend, QueueStatus, Result, SharedClock};

/// How many queues are shown apart.
pub const MOST_QUEUES: usize = 1_000;

/// Shows what a store holds: the lengths of its queues, and how many jobs have failed or wait for
/// their time. Each look costs the store a few round trips, so it is taken as often as somebody
/// looks at the numbers, and not with every job.
#[derive(Debug)]
pub struct StoreGauges {
    backend: Backend,
    clock: SharedClock,
    recording: Recording,
    /// The queues that have ever been shown.
    shown: HashSet<String>,
    /// Whether the store tells how long jobs have been waiting.
    tells_age: bool,
}

impl StoreGauges {
    /// Shows a store to the recorder of the process.
    #[must_use]
    pub fn new(backend: Backend, clock: SharedClock) -> Self {
        Self::to(backend, clock, Recording::OfProcess)
    }

    /// The same to this recorder.
    #[must_use]
    pub fn recorded_by(
        backend: Backend,
        clock: SharedClock,
        recorder: Arc<dyn Recorder + Send + Sync>,
    ) -> Self {
        Self::to(backend, clock, Recording::To(recorder))
    }

    fn to(backend: Backend, clock: SharedClock, recording: Recording) -> Self {
        recording.describe();
        Self {
            backend,
            clock,
            recording,
            shown: HashSet::new(),
            tells_age: false,
        }
    }

    /// Looks once.
    ///
    /// # Errors
    ///
    /// As for [`crate::QueueBackend`].
    pub async fn look(&mut self) -> Result<()> {
        let queues = self.backend.queues();
        let listing = queues.queues().await?;
        let delayed = match queues.delayed() {
            Some(delayed) => delayed.count().await?,
            None => 0,
        };
        let failed = self.backend.failures().count(None).await?;
        let workers = self.backend.workers().workers().await?.workers;
        let busy = workers.iter().filter(|worker| worker.holds.is_some());
        for (metric, count) in [
            (&FAILED_JOBS, failed),
            (&DELAYED_JOBS, delayed),
            (&STORE_WORKERS, workers.len() as u64),
            (&STORE_WORKING, busy.count() as u64),
        ] {
            self.recording.gauge(metric, &[]).set(count as f64);
        }
        self.show_queues(&listing.queues);
        Ok(())
    }

    fn show_queues(&mut self, queues: &[QueueStatus]) {
        let now = self.clock.now();
        self.tells_age |= queues.iter().any(|status| status.oldest.is_some());
        let mut others = 0;
        // A queue that has gone is empty, and not as long as it was last.
        let mut gone = self.shown.clone();
        for status in queues {
            let name = status.name.as_str();
            if !gone.remove(name) {
                if self.shown.len() >= MOST_QUEUES {
                    others += status.length;
                    continue;
                }
                self.shown.insert(name.to_owned());
            }
            let age = status
                .oldest
                .and_then(|oldest| now.duration_since(oldest).ok());
            self.show(name, status.length, age.unwrap_or_default().as_secs_f64());
        }
        for name in gone {
            self.show(&name, 0, 0.0);
        }
        if self.shown.len() >= MOST_QUEUES {
            self.recording
                .gauge(&QUEUE_JOBS, &[OTHER])
                .set(others as f64);
        }
    }

    fn show(&self, queue: &str, length: u64, age: f64) {
        self.recording
            .gauge(&QUEUE_JOBS, &[queue])
            .set(length as f64);
        if self.tells_age {
            self.recording.gauge(&QUEUE_OLDEST, &[queue]).set(age);
        }
    }
}
