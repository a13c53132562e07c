//! What can be set about a worker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::builder::SpanHook;
use super::scheduler::ScheduleSettings;
use super::{Isolation, KeepFailures, Polling};
use crate::{QueueList, Stamp};

/// A worker of a foreign program is never taken for dead before this: Ruby's beat once a minute.
pub(crate) const FOREIGN_PRUNE_AFTER: Duration = Duration::from_secs(300);

/// Every setting of a worker, with its default.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The pools; never empty once built.
    pub(crate) pools: Vec<PoolSettings>,
    /// How often the slots tell that they live.
    pub(crate) heartbeat_every: Duration,
    /// After what silence one of our own workers is dead.
    pub(crate) prune_after: Duration,
    /// After what silence a worker of a foreign program is dead.
    pub(crate) prune_foreign_after: Duration,
    /// How often the janitor looks for the dead.
    pub(crate) janitor_every: Duration,
    /// How many failed jobs stay on record, and for how long.
    pub(crate) keep_failures: KeepFailures,
    /// The longest sleep of the promoter.
    pub(crate) promote_every: Duration,
    /// Which schedules are fired; none if it is nobody's business here.
    pub(crate) schedules: Option<ScheduleSettings>,
    /// How an idle worker waits on a store that cannot announce jobs.
    pub(crate) polling: Polling,
    /// How often an idle worker looks into the queues although nothing was announced.
    pub(crate) recheck_every: Duration,
    /// The longest time a job may run if its class says nothing.
    pub(crate) job_timeout: Option<Duration>,
    /// How long a job whose time is up has to end after it was cancelled.
    pub(crate) timeout_grace: Duration,
    /// How long running jobs are let be after a stop.
    pub(crate) pre_shutdown_timeout: Duration,
    /// How long cancelled jobs have to end after a stop.
    pub(crate) term_timeout: Duration,
    /// Whether the process ends as soon as `run` returns.
    pub(crate) exits_after_run: bool,
    /// What becomes of a job that the stop of the worker ends.
    pub(crate) on_term: OnTerm,
    /// Whether isolated jobs are asked to stop before they are killed.
    pub(crate) term_child: bool,
    /// Who performs the jobs, if it is not this process.
    pub(crate) isolation: Option<Arc<dyn Isolation>>,
    /// What stands before each title of the process; `None` leaves titles alone.
    pub(crate) titles: Option<String>,
    /// Where the process id is written.
    pub(crate) pidfile: Option<PathBuf>,
    /// Whether signals are obeyed, and how.
    pub(crate) signals: Signals,
    /// How many exchanges a pool has under way at most.
    pub(crate) exchanges_in_flight: usize,
    /// The first and the longest wait after an outage.
    pub(crate) retry_between: (Duration, Duration),
    /// Who wants to see the span of each job.
    pub(crate) span_hook: Option<SpanHook>,
    /// What is put on the jobs that jobs enqueue.
    pub(crate) stamp: Option<Stamp>,
}

/// One group of slots that serve the same queues.
#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) queues: QueueList,
    pub(crate) slots: usize,
}

/// Which signals a worker obeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signals {
    /// None: the program has its own way to stop it.
    #[default]
    Ignored,
    /// Resque's.
    Obeyed,
    /// Resque's, but TERM acts like QUIT.
    GracefulTerm,
}

/// What becomes of a job that the worker ends because it stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnTerm {
    /// It goes back to the front of its queue, and no attempt is counted. A job that is released
    /// for the third time goes to the failed list, because it may never end in the time it gets.
    #[default]
    Release,
    /// It is recorded as failed, as in Ruby.
    Fail,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pools: Vec::new(),
            heartbeat_every: Duration::from_secs(10),
            prune_after: Duration::from_secs(60),
            prune_foreign_after: FOREIGN_PRUNE_AFTER,
            janitor_every: Duration::from_secs(5),
            keep_failures: KeepFailures::all(),
            promote_every: Duration::from_secs(1),
            schedules: None,
            polling: Polling::default(),
            recheck_every: Duration::from_secs(60),
            job_timeout: None,
            timeout_grace: Duration::from_secs(1),
            pre_shutdown_timeout: Duration::ZERO,
            term_timeout: Duration::from_secs(4),
            exits_after_run: false,
            on_term: OnTerm::Release,
            term_child: false,
            isolation: None,
            titles: None,
            pidfile: None,
            signals: Signals::Ignored,
            exchanges_in_flight: 2,
            retry_between: (Duration::from_millis(50), Duration::from_secs(5)),
            span_hook: None,
            stamp: None,
        }
    }
}

impl Settings {
    /// The silence after which nobody is sure any more that a worker's registration still stands.
    pub(crate) fn stale_after(&self) -> Duration {
        self.prune_after / 2
    }

    /// Whether running jobs are asked to stop before they are ended: a child only if the worker is
    /// told so, as in Resque.
    fn asks(&self) -> bool {
        self.isolation.is_none() || self.term_child
    }

    /// How long running jobs are let be after a stop.
    pub(crate) fn patience(&self) -> Duration {
        match self.asks() {
            true => self.pre_shutdown_timeout,
            false => Duration::ZERO,
        }
    }

    /// How long jobs have to end after they were asked to.
    pub(crate) fn grace(&self) -> Duration {
        match self.asks() {
            true => self.term_timeout,
            false => Duration::ZERO,
        }
    }
}
