//! What a worker tells while it runs.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[cfg(feature = "metrics")]
use super::metrics::Meters;
#[cfg(not(feature = "metrics"))]
use super::no_metrics::Meters;
use super::{Phase, StopReport};
use crate::{Decision, Error, JobContext, JobFailure, Progress, QueueName, ScheduleName, WorkerId};

/// Something that happened in a worker. Made only while somebody listens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The slots are on the registry; also after they took new names.
    Registered {
        /// The ids of all slots.
        workers: Vec<WorkerId>,
    },
    /// The worker as a whole does something else now: it works, pauses, stops, …
    Phase(Phase),
    /// There is nothing to do.
    Idle,
    /// A job starts.
    JobStarted(JobInfo),
    /// A job reports how far it has come.
    Progress {
        /// Which job.
        job: JobInfo,
        /// How far it is.
        progress: Progress,
    },
    /// A job ended; the store does not know yet.
    JobFinished {
        /// Which job.
        job: JobInfo,
        /// How it ended.
        ending: Ending,
        /// How long it ran.
        elapsed: Duration,
    },
    /// A job's time is up and it does not yield; its slot stays taken until it does.
    Stuck {
        /// Which job.
        job: JobInfo,
        /// How long it has been running.
        elapsed: Duration,
    },
    /// A job has to wait because a limit is reached; it comes again by itself.
    Deferred {
        /// Which job.
        job: JobInfo,
        /// When it comes again.
        until: SystemTime,
    },
    /// Somebody wants a running job to end; it is asked to, and dropped if it does not.
    Cancelled {
        /// Which job.
        job: JobInfo,
    },
    /// The store has noted how jobs of these slots ended.
    Settled {
        /// The slots, one for each job.
        workers: Vec<WorkerId>,
    },
    /// A slot had lost its job to somebody who took the worker for dead; what it did with the job
    /// changed nothing in the store.
    Lost {
        /// The slot.
        worker: WorkerId,
        /// The queue the job came from.
        queue: QueueName,
    },
    /// What a dead worker held was recorded as a failure, or waits for another attempt.
    Recovered {
        /// The dead worker.
        worker: WorkerId,
        /// The class of the job; `None` if nobody can read it.
        class: Option<String>,
        /// The queue it came from, as the dead worker's note says.
        queue: String,
        /// How that counts: what is recorded, and what becomes of the job.
        failure: JobFailure,
    },
    /// A dead worker was taken off the registry.
    Pruned {
        /// The dead worker.
        worker: WorkerId,
    },
    /// Delayed jobs were put into their queues.
    Promoted {
        /// How many.
        count: usize,
    },
    /// A schedule has put its job into its queue.
    Fired {
        /// Which one.
        schedule: ScheduleName,
        /// The time that the run stands for.
        tick: SystemTime,
    },
    /// The store cannot be reached; the worker keeps trying.
    Outage {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        error: Arc<Error>,
    },
    /// The store can be reached again.
    OutageOver {
        /// How long it could not.
        lasted: Duration,
    },
    /// Something in the store is not as it has to be, or the store refused; the worker goes on.
    Trouble {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        error: Arc<Error>,
    },
    /// A worker hook failed.
    HookFailed {
        /// Which one.
        hook: &'static str,
        /// What it said.
        error: String,
    },
    /// The worker has left the registry.
    Stopped(Arc<StopReport>),
}

/// Which job an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobInfo {
    /// The slot that holds it.
    pub worker: Option<WorkerId>,
    /// The queue it came from.
    pub queue: String,
    /// Its class; empty when the payload is no job.
    pub class: String,
    /// Which attempt this is, beginning with 1.
    pub attempt: u32,
}

impl From<&JobContext> for JobInfo {
    fn from(ctx: &JobContext) -> Self {
        Self {
            worker: ctx.worker().cloned(),
            queue: ctx.queue().to_owned(),
            class: ctx.class().to_owned(),
            attempt: ctx.attempt(),
        }
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It was performed.
    Done,
    /// A hook kept it from being performed.
    Skipped,
    /// It failed and goes to the failed list.
    Failed(JobFailure),
    /// It failed and waits for another attempt.
    Retried {
        /// How it failed.
        failure: JobFailure,
        /// When it is tried again, in store time.
        at: SystemTime,
    },
    /// Its error lets it wait, as if it had not been tried.
    Snoozed {
        /// What it said.
        failure: JobFailure,
        /// Until when, in store time.
        until: SystemTime,
    },
    /// It failed and its error, or its policy, dropped it.
    Discarded(JobFailure),
    /// The worker stops and dropped it; it goes back to the front of its queue.
    Abandoned,
}

impl From<JobFailure> for Ending {
    fn from(failure: JobFailure) -> Self {
        match failure.decision {
            Some(Decision::RetryAt(at)) => Self::Retried { failure, at },
            Some(Decision::SnoozeUntil(until)) => Self::Snoozed { failure, until },
            Some(Decision::Discard) => Self::Discarded(failure),
            _ => Self::Failed(failure),
        }
    }
}

/// Somebody who listens.
pub(crate) type Sink = Arc<dyn Fn(&Event) + Send + Sync>;

/// Everybody who listens.
#[derive(Clone, Default)]
pub(crate) struct Events {
    sinks: Arc<[Sink]>,
    meters: Meters,
}

impl Events {
    pub(crate) fn new(sinks: Vec<Sink>, meters: Meters) -> Self {
        Self {
            sinks: sinks.into(),
            meters,
        }
    }

    /// Who counts.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Whether anybody listens.
    pub(crate) fn heard(&self) -> bool {
        !self.sinks.is_empty()
    }

    /// Tells an event that belongs to a single job, which is made only if somebody listens; what is
    /// counted of it is counted elsewhere, without making it.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.sinks.is_empty() {
            self.tell_all(&event());
        }
    }

    /// Tells an event that comes seldom, and counts it.
    pub(crate) fn announce(&self, event: impl FnOnce() -> Event) {
        if !self.sinks.is_empty() || self.meters.are_on() {
            let event = event();
            self.meters.count(&event);
            self.tell_all(&event);
        }
    }

    fn tell_all(&self, event: &Event) {
        for sink in &*self.sinks {
            // A listener that panics must not take the worker down with it.
            if catch_unwind(AssertUnwindSafe(|| sink(event))).is_err() {
                tracing::error!("a listener to worker events panicked");
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("sinks", &self.sinks.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn an_event_nobody_hears_is_not_made() {
        Events::default().tell(|| unreachable!("nobody listens"));
    }

    #[test]
    fn a_listener_that_panics_leaves_the_others_alone() {
        let heard = Arc::new(AtomicUsize::new(0));
        let counts = heard.clone();
        let sinks: Vec<Sink> = vec![
            Arc::new(|_| panic!("oops")),
            Arc::new(move |_| {
                counts.fetch_add(1, Ordering::Relaxed);
            }),
        ];
        Events::new(sinks, Meters::default()).tell(|| Event::Idle);
        assert_eq!(heard.load(Ordering::Relaxed), 1);
    }
}
