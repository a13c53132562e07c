//! Puts a worker together.

mod ending;
mod jobs;
#[cfg(feature = "metrics")]
mod metrics;
mod schedules;
mod traces;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::ending::Titles;
pub(crate) use self::traces::SpanHook;
use super::env::Program;
use super::events::{Events, Sink};
use super::settings::{FOREIGN_PRUNE_AFTER, PoolSettings, Settings, Signals};
use super::{
    Event, HeardSignals, Isolation, KeepFailures, Polling, WithoutEffect, Worker, WorkerEnv,
};
use crate::{Backend, Error, Handlers, QueueList, Result, SharedClock, SystemClock, WorkerHooks};

/// How many slots a worker has if nothing else is said.
const SLOTS: usize = 10;

/// How many slots a worker has at most: each is known to the store and beats, so a number beyond
/// this is a slip of the keyboard, and would only be noticed when the memory is full.
const MOST_SLOTS: usize = 65_536;

/// Puts a [`Worker`] together; made by [`Worker::builder`].
#[must_use]
pub struct WorkerBuilder {
    backend: Backend,
    handlers: Handlers,
    hooks: WorkerHooks,
    clock: SharedClock,
    sinks: Vec<Sink>,
    settings: Settings,
    queues: Option<Result<QueueList>>,
    slots: usize,
    pools: Vec<(Result<QueueList>, usize)>,
    obeys_signals: bool,
    heard_signals: Option<HeardSignals>,
    graceful_term: bool,
    env: Option<WorkerEnv>,
    titles: Titles,
    heartbeat_every: Option<Duration>,
    janitor_every: Option<Duration>,
    #[cfg(feature = "metrics")]
    recording: Option<super::metrics::Recording>,
}

/// What a worker does.
impl WorkerBuilder {
    pub(super) fn new(backend: Backend) -> Self {
        Self {
            backend,
            handlers: Handlers::new(),
            hooks: WorkerHooks::new(),
            clock: Arc::new(SystemClock::new()),
            sinks: Vec::new(),
            settings: Settings::default(),
            queues: None,
            slots: SLOTS,
            pools: Vec::new(),
            obeys_signals: false,
            heard_signals: None,
            graceful_term: false,
            env: None,
            titles: Titles::default(),
            heartbeat_every: None,
            janitor_every: None,
            #[cfg(feature = "metrics")]
            recording: None,
        }
    }

    /// Serves these queues, most important first, with all slots that belong to no other pool:
    /// `high,low`, `critical,*`, `*,!slow`. See [`QueueList`].
    pub fn queues(mut self, queues: impl AsRef<str>) -> Self {
        self.queues = Some(queues.as_ref().parse());
        self
    }

    /// Performs so many jobs at the same time. Each slot is a worker of its own in the registry,
    /// so that every page shows what it does. Ten if nothing is said, at most 65,536 in all.
    pub fn concurrency(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// Adds slots that serve other queues, so that these never wait for the jobs of those:
    /// `.pool("critical", 4).pool("high,low", 16)`.
    pub fn pool(mut self, queues: impl AsRef<str>, slots: usize) -> Self {
        self.pools.push((queues.as_ref().parse(), slots));
        self
    }

    /// Calls these hooks in the life of the worker, instead of those named so far.
    ///
    /// Of jobs that run as tasks of this process, `before_fork` and `after_fork` are both called in
    /// the job's own task right before it starts, in this order; an error of either fails the job.
    /// Of isolated jobs `before_fork` is called here, and `after_fork` in the process that performs
    /// the job, if that was given the hooks.
    pub fn worker_hooks(mut self, hooks: WorkerHooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// Performs jobs in other processes instead of tasks of this one. What a job breaks, leaks or
    /// blocks there, it breaks for itself: its process is killed or has died, that is recorded, and
    /// the worker goes on.
    pub fn isolation(mut self, isolation: impl Isolation) -> Self {
        self.settings.isolation = Some(Arc::new(isolation));
        self
    }

    /// Tells every event to `sink`, on whatever thread it happens; it must not block. Without a
    /// sink no event is made.
    pub fn on_event<F>(mut self, sink: F) -> Self
    where
        F: Fn(&Event) + Send + Sync + 'static,
    {
        self.sinks.push(Arc::new(sink));
        self
    }

    /// Takes the time from this clock.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes over what Resque's environment variables say: the queues unless they are named
    /// already, `COUNT` as the number of slots, intervals, timeouts, `GRACEFUL_TERM`, `TERM_CHILD`,
    /// `FORK_PER_JOB=false`, `RESQUE_PROCLINE_PREFIX` and `PIDFILE`. [`build`](Self::build) warns of variables that are
    /// [without effect](Self::without_effect).
    pub fn env(mut self, env: &WorkerEnv) -> Self {
        self.env = Some(env.clone());
        self.slots = env.count.unwrap_or(self.slots);
        self.graceful_term |= env.graceful_term;
        self.settings.term_child |= env.term_child;
        let settings = &mut self.settings;
        settings.polling = env.polling;
        settings.term_timeout = env.term_timeout.unwrap_or(settings.term_timeout);
        settings.pre_shutdown_timeout = env
            .pre_shutdown_timeout
            .unwrap_or(settings.pre_shutdown_timeout);
        settings.pidfile = env.pidfile.clone().or(settings.pidfile.take());
        self
    }

    /// The variables that are set and change nothing in this worker, each with the reason.
    ///
    /// ```
    /// use resque_core::worker::{Worker, WorkerEnv};
    ///
    /// # fn example(backend: resque_core::Backend) -> resque_core::Result<()> {
    /// let env = WorkerEnv::from_vars([("QUEUE", "mail"), ("BACKGROUND", "1")])?;
    /// let builder = Worker::builder(backend).env(&env);
    /// assert_eq!(builder.without_effect()[0].variable, "BACKGROUND");
    /// # Ok(())
    /// # }
    /// # example(resque_memory::MemoryBackend::new().backend()).unwrap();
    /// ```
    #[must_use]
    pub fn without_effect(&self) -> Vec<WithoutEffect> {
        let program = Program {
            names_queues: self.queues.is_some() || !self.pools.is_empty(),
            shares_slots: self.queues.is_some() || self.pools.is_empty(),
            obeys_signals: self.obeys_signals,
            isolates: self.settings.isolation.is_some(),
            shows_titles: self.shown_titles().is_some(),
            keeps_failures: self.backend.queues().info().failure_layout,
        };
        let env = self.env.as_ref();
        env.map(|env| env.without_effect_in(&program))
            .unwrap_or_default()
    }

    /// Builds the worker.
    ///
    /// # Errors
    ///
    /// [`Error::NoWorkerQueues`] when no queue was named, [`Error::InvalidQueueName`] and
    /// [`Error::InvalidQueuePattern`] for one that cannot work, and [`Error::InvalidSetting`].
    pub fn build(self) -> Result<Worker> {
        for WithoutEffect { variable, reason } in self.without_effect() {
            tracing::warn!(variable, reason, "an environment variable has no effect");
        }
        let titles = self.shown_titles();
        let mut settings = self.settings;
        settings.titles = titles;
        if self.env.as_ref().and_then(|env| env.fork_per_job) == Some(false) {
            settings.isolation = None;
        }
        let told = self.env.and_then(|env| env.queues);
        let queues = match self.queues {
            None if self.pools.is_empty() => told.map(Ok),
            named => named,
        };
        let first = queues.map(|queues| (queues, self.slots));
        for (queues, slots) in first.into_iter().chain(self.pools) {
            let queues = queues?;
            if slots == 0 {
                return Err(invalid(
                    &format!("the concurrency of {}", queues.id_part()),
                    "a pool needs at least one slot",
                ));
            }
            let others: usize = settings.pools.iter().map(|pool| pool.slots).sum();
            if slots > MOST_SLOTS - others {
                return Err(invalid(
                    &format!("the concurrency of {}", queues.id_part()),
                    &format!("a worker has at most {MOST_SLOTS} slots, {slots} are too many"),
                ));
            }
            settings.pools.push(PoolSettings { queues, slots });
        }
        if settings.pools.is_empty() {
            return Err(Error::NoWorkerQueues);
        }
        settings.heartbeat_every = self
            .heartbeat_every
            .unwrap_or_else(|| settings.heartbeat_every.min(settings.prune_after / 6));
        settings.janitor_every = self
            .janitor_every
            .unwrap_or_else(|| settings.janitor_every.min(settings.prune_after / 4));
        if settings.heartbeat_every >= settings.stale_after() {
            return Err(invalid(
                "heartbeat_every",
                "it must be less than half of prune_after, or live workers would be pruned",
            ));
        }
        let intervals = [
            ("heartbeat_every", settings.heartbeat_every),
            ("janitor_every", settings.janitor_every),
            ("promote_every", settings.promote_every),
        ];
        if let Some((name, _)) = intervals.iter().find(|(_, every)| every.is_zero()) {
            return Err(invalid(
                name,
                "without a pause it would keep the store busy",
            ));
        }
        settings.signals = match (self.obeys_signals, self.graceful_term) {
            (false, _) => Signals::Ignored,
            (true, false) => Signals::Obeyed,
            (true, true) => Signals::GracefulTerm,
        };
        #[cfg(feature = "metrics")]
        let meters = super::metrics::Meters::new(self.recording, &settings.pools);
        #[cfg(not(feature = "metrics"))]
        let meters = super::no_metrics::Meters;
        let events = Events::new(self.sinks, meters);
        let heard = self.heard_signals;
        let worker = Worker::new(
            self.backend,
            self.handlers,
            self.hooks,
            settings,
            self.clock,
            events,
        )?;
        Ok(worker.with_heard(heard))
    }
}

/// Times.
impl WorkerBuilder {
    /// How long a job may run if its class says nothing. A job whose time is up is cancelled, then
    /// dropped, and fails. Unlimited if nothing is said.
    pub fn job_timeout(mut self, timeout: Duration) -> Self {
        self.settings.job_timeout = Some(timeout);
        self
    }

    /// How long a job whose time is up has to end by itself after it was cancelled. One second if
    /// nothing is said.
    pub fn timeout_grace(mut self, grace: Duration) -> Self {
        self.settings.timeout_grace = grace;
        self
    }

    /// How an idle worker waits on a store that cannot announce jobs, and whether it leaves when
    /// there is nothing to do.
    pub fn polling(mut self, polling: Polling) -> Self {
        self.settings.polling = polling;
        self
    }

    /// How often the slots tell the store that they live. Ten seconds if nothing is said, and
    /// sooner if that is needed for `prune_after`.
    pub fn heartbeat_every(mut self, interval: Duration) -> Self {
        self.heartbeat_every = Some(interval);
        self
    }

    /// After what silence a worker of this library is dead and its job is recorded as failed. All
    /// processes must agree. A minute if nothing is said.
    pub fn prune_after(mut self, silence: Duration) -> Self {
        self.settings.prune_after = silence;
        self
    }

    /// After what silence a worker of a foreign program is dead; never less than five minutes,
    /// because Ruby's workers beat once a minute.
    pub fn prune_foreign_after(mut self, silence: Duration) -> Self {
        self.settings.prune_foreign_after = silence.max(FOREIGN_PRUNE_AFTER);
        self
    }

    /// Lets this process remove failed jobs from the record that are too many or too old. All stay
    /// unless that is said, as in Resque.
    pub fn keep_failures(mut self, keep: KeepFailures) -> Self {
        self.settings.keep_failures = keep;
        self
    }

    /// How often this process looks for dead workers. Five seconds if nothing is said, and sooner if
    /// `prune_after` is short.
    pub fn janitor_every(mut self, interval: Duration) -> Self {
        self.janitor_every = Some(interval);
        self
    }

    /// The longest time for which a delayed job of another process may be overlooked. One second if
    /// nothing is said.
    pub fn promote_every(mut self, interval: Duration) -> Self {
        self.settings.promote_every = interval;
        self
    }

    /// How many exchanges with the store each pool has under way at most; 2 overlaps the store's
    /// time with the worker's own.
    pub fn exchanges_in_flight(mut self, count: usize) -> Self {
        self.settings.exchanges_in_flight = count.max(1);
        self
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("backend", &self.backend)
            .field("handlers", &self.handlers)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn invalid(setting: &str, reason: &str) -> Error {
    Error::InvalidSetting {
        setting: setting.to_owned(),
        reason: reason.to_owned(),
    }
}
