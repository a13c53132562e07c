//! Why a worker stopped, and what it did.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::JobInfo;

/// What [`Worker::run`](super::Worker::run) returns: why the worker stopped and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopReport {
    /// Why it stopped.
    pub reason: StopReason,
    /// How long it ran.
    pub lasted: Duration,
    /// How many jobs it performed, failed ones too, as the store has noted.
    pub processed: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many of those that failed wait for another attempt.
    pub retried: u64,
    /// How many went back to the front of their queues.
    pub released: u64,
    /// How many it lost to somebody who took it for dead.
    pub lost: u64,
    /// How many jobs of dead workers it recorded as failed or let wait for another attempt.
    pub recovered: u64,
    /// Jobs that still run in this process: they do not yield, and nothing but the end of the
    /// process ends them. Unless the worker was told that the process ends now, they stay noted as
    /// held and will be recorded as failed.
    pub still_running: Vec<JobInfo>,
    /// How many jobs ended without the store having noted it, because it could not be reached.
    /// They will be recorded as failed by whoever finds this worker dead.
    pub unsettled: u64,
}

/// Why a worker stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// It was asked to finish its jobs.
    Quit(StopCause),
    /// It was asked to stop now.
    StopNow(StopCause),
    /// There was nothing to do, and the interval is zero.
    Idle,
    /// The runtime that performs its jobs shut down.
    NoRuntime,
    /// A part of the worker itself panicked; this is a bug.
    Crashed(String),
}

/// Who asked a worker to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopCause {
    /// A signal, by its name.
    Signal(&'static str),
    /// A [`WorkerHandle`](super::WorkerHandle).
    Handle,
    /// The future of `run` was dropped.
    Dropped,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quit(cause) => write!(f, "{cause} asked it to finish"),
            Self::StopNow(cause) => write!(f, "{cause} told it to stop"),
            Self::Idle => f.write_str("there was nothing to do"),
            Self::NoRuntime => f.write_str("the runtime of its jobs shut down"),
            Self::Crashed(what) => write!(f, "a part of it crashed: {what}"),
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(name) => f.write_str(name),
            Self::Handle => f.write_str("its handle"),
            Self::Dropped => f.write_str("the end of its task"),
        }
    }
}

impl fmt::Display for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reason,
            processed,
            failed,
            ..
        } = self;
        write!(
            f,
            "stopped because {reason}: {processed} processed, {failed} failed"
        )?;
        let rest = [
            (self.retried, "to be tried again"),
            (self.released, "given back"),
            (self.lost, "lost"),
            (self.recovered, "recovered from dead workers"),
            (self.still_running.len() as u64, "still running"),
            (self.unsettled, "not settled"),
        ];
        for (count, what) in rest.iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}

/// What a worker has done so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) processed: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) released: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) recovered: AtomicU64,
    pub(crate) unsettled: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        if count > 0 {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(crate) fn report(
        &self,
        reason: StopReason,
        lasted: Duration,
        still_running: Vec<JobInfo>,
    ) -> StopReport {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StopReport {
            reason,
            lasted,
            processed: read(&self.processed),
            failed: read(&self.failed),
            retried: read(&self.retried),
            released: read(&self.released),
            lost: read(&self.lost),
            recovered: read(&self.recovered),
            still_running,
            unsettled: read(&self.unsettled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_a_sentence() {
        let counters = Counters::default();
        Counters::add(&counters.processed, 12);
        Counters::add(&counters.failed, 1);
        let reason = StopReason::StopNow(StopCause::Signal("TERM"));
        let report = counters.report(reason.clone(), Duration::ZERO, vec![]);
        assert_eq!(
            report.to_string(),
            "stopped because TERM told it to stop: 12 processed, 1 failed"
        );
        Counters::add(&counters.released, 3);
        let report = counters.report(reason, Duration::ZERO, vec![]);
        assert!(report.to_string().ends_with(", 3 given back"), "{report}");
    }
}
