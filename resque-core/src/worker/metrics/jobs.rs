//! What is counted of jobs, by class and queue.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Histogram};

use super::Recording;
use super::table::{JOB_SECONDS, JOB_WAIT, JOBS_ENDED, JOBS_STARTED};
use crate::{Decision, JobContext, Performed};

/// How many pairs of a class and a queue are counted apart.
pub const MOST_PAIRS: usize = 300;

/// What stands for all others in a label.
pub const OTHER: &str = "(other)";

/// What stands for all classes that nobody knows.
pub const UNKNOWN: &str = "(unknown)";

/// How attempts end, in the words of the label.
const OUTCOMES: [&str; 7] = [
    "done",
    "skipped",
    "failed",
    "retried",
    "snoozed",
    "discarded",
    "released",
];

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Skipped,
    Failed,
    Retried,
    Snoozed,
    Discarded,
    Released,
}

impl From<&Performed> for Outcome {
    fn from(performed: &Performed) -> Self {
        match performed {
            Performed::Done => Self::Done,
            Performed::Skipped => Self::Skipped,
            Performed::Failed(failure) => match failure.decision {
                Some(Decision::RetryAt(_)) => Self::Retried,
                Some(Decision::SnoozeUntil(_)) => Self::Snoozed,
                Some(Decision::Discard) => Self::Discarded,
                _ => Self::Failed,
            },
        }
    }
}

/// What is counted of the jobs of one class from one queue.
#[derive(Debug)]
pub(crate) struct JobMeters {
    started: Counter,
    ended: [Counter; OUTCOMES.len()],
    seconds: Histogram,
    wait: Histogram,
}

impl JobMeters {
    fn new(recording: &Recording, class: &str, queue: &str) -> Self {
        let pair = [class, queue];
        let ended = |outcome| recording.counter(&JOBS_ENDED, &[class, queue, outcome]);
        Self {
            started: recording.counter(&JOBS_STARTED, &pair),
            ended: OUTCOMES.map(ended),
            seconds: recording.histogram(&JOB_SECONDS, &pair),
            wait: recording.histogram(&JOB_WAIT, &pair),
        }
    }

    /// An attempt begins.
    pub(super) fn started(&self, ctx: &JobContext) {
        self.started.increment(1);
        if let Some(waited) = ctx.waited() {
            self.wait.record(waited.as_secs_f64());
        }
    }

    /// An attempt has ended.
    pub(crate) fn ended(&self, performed: &Performed, elapsed: Duration) {
        self.ended_as(performed.into(), elapsed);
    }

    pub(super) fn ended_as(&self, outcome: Outcome, elapsed: Duration) {
        self.ended[outcome as usize].increment(1);
        self.seconds.record(elapsed.as_secs_f64());
    }
}

type ByQueue = HashMap<String, Arc<JobMeters>>;

/// The jobs of all classes.
#[derive(Debug)]
pub(super) struct Jobs {
    recording: Recording,
    known: RwLock<(HashMap<String, ByQueue>, usize)>,
    other: Arc<JobMeters>,
}

impl Jobs {
    pub(super) fn new(recording: Recording) -> Self {
        Self {
            known: RwLock::default(),
            other: Arc::new(JobMeters::new(&recording, OTHER, OTHER)),
            recording,
        }
    }

    pub(super) fn of(&self, ctx: &JobContext) -> Arc<JobMeters> {
        let class = if ctx.is_known() { ctx.class() } else { UNKNOWN };
        self.named(class, ctx.queue())
    }

    fn named(&self, class: &str, queue: &str) -> Arc<JobMeters> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(meters) = known.0.get(class).and_then(|queues| queues.get(queue)) {
            return meters.clone();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let (classes, pairs) = &mut *known;
        if *pairs >= MOST_PAIRS {
            return self.other.clone();
        }
        let queues = classes.entry(class.to_owned()).or_default();
        let new = || {
            *pairs += 1;
            Arc::new(JobMeters::new(&self.recording, class, queue))
        };
        queues.entry(queue.to_owned()).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_many_is_counted_together() {
        let jobs = Jobs::new(Recording::OfProcess);
        let first = jobs.named("A", "q");
        assert!(Arc::ptr_eq(&first, &jobs.named("A", "q")));
        for number in 1..MOST_PAIRS {
            assert!(!Arc::ptr_eq(
                &jobs.other,
                &jobs.named("A", &number.to_string())
            ));
        }
        assert!(Arc::ptr_eq(&jobs.other, &jobs.named("A", "one too many")));
        assert!(Arc::ptr_eq(&jobs.other, &jobs.named("B", "q")));
        assert!(Arc::ptr_eq(&first, &jobs.named("A", "q")));
    }
}
