//! A schedule: a job, and when it recurs.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{CatchUp, Every, NewSchedule, ScheduleName, Timing};
use crate::args;
use crate::wire::sha1_hex;
use crate::{Error, Job, NewJob, QueueName, Result};

/// A job, and when it recurs.
///
/// ```
/// use resque_core::{CatchUp, Schedule};
///
/// let schedule = Schedule::raw("weekly report", "Report", &("sales", 7))?
///     .queue("reports")?
///     .cron("30 6 * * mon Europe/Stockholm")?
///     .catch_up(CatchUp::UpTo(4))
///     .description("What was sold in the week");
/// assert_eq!(schedule.timing().map(|timing| timing.to_string()).as_deref(),
///     Some("cron 30 6 * * mon Europe/Stockholm"));
///
/// let error = Schedule::raw("weekly report", "Report", &())?.cron("30 6 * *").unwrap_err();
/// assert!(error.to_string().starts_with(
///     r#"the schedule "weekly report" cannot be used: cron: "30 6 * *" is no cron expression"#));
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a schedule runs where a worker or a store is given it"]
pub struct Schedule {
    pub(super) name: ScheduleName,
    pub(super) class: String,
    /// The arguments, a JSON list.
    pub(super) args: Box<RawValue>,
    pub(super) queue: Option<QueueName>,
    pub(super) timing: Option<Timing>,
    pub(super) description: Option<String>,
    pub(super) jitter: Duration,
    pub(super) catch_up: CatchUp,
    pub(super) enabled: bool,
    pub(super) persist: bool,
    pub(super) master: bool,
    pub(super) environments: Vec<String>,
    /// Members of its definition that other programs put there.
    pub(super) others: Map<String, Value>,
}

/// What it is and when it runs.
impl Schedule {
    /// Lets a job recur, in the queue of its class.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] for a name or a queue that cannot be one, [`Error::Encode`].
    pub fn of<J: Job>(name: &str, job: &J) -> Result<Self> {
        let schedule = Self::raw(name, J::CLASS, job)?;
        match J::QUEUE {
            "" => Ok(schedule),
            queue => schedule.queue(queue),
        }
    }

    /// Lets a job recur that is known by its class name only; `args` are any list.
    ///
    /// # Errors
    ///
    /// As for [`Schedule::of`].
    pub fn raw<A: Serialize + ?Sized>(name: &str, class: &str, args: &A) -> Result<Self> {
        let encode = |source: Box<dyn std::error::Error + Send + Sync>| Error::Encode {
            class: class.to_owned(),
            source,
        };
        let mut json = Vec::new();
        args::write_json(args, &mut json).map_err(|error| encode(error.into()))?;
        let args = serde_json::from_slice(&json).map_err(|error| encode(error.into()))?;
        Self::with_args(ScheduleName::new(name)?, class, args)
    }

    pub(super) fn with_args(name: ScheduleName, class: &str, args: Box<RawValue>) -> Result<Self> {
        if class.is_empty() {
            let why = "it is empty; write the name of the job's class";
            return Err(Error::schedule(name.as_str(), "class", why));
        }
        Ok(Self {
            name,
            class: class.to_owned(),
            args,
            queue: None,
            timing: None,
            description: None,
            jitter: Duration::ZERO,
            catch_up: CatchUp::default(),
            enabled: true,
            persist: false,
            master: false,
            environments: Vec::new(),
            others: Map::new(),
        })
    }

    /// Runs by a cron expression: minute, hour, day, month and weekday, if need be with seconds
    /// before them and a time zone behind them. Without a zone it is that of the machine.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`], which says what to write.
    pub fn cron(self, line: &str) -> Result<Self> {
        let timing = Timing::cron(line).map_err(|reason| self.wrong("cron", reason))?;
        Ok(self.timed(timing))
    }

    /// Runs at intervals: `"1h30m"`, or a [`Duration`]. They are counted from the beginning of
    /// 1970 in UTC, not from the start of a process, so that every process knows the same times.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`], which says what to write.
    pub fn every(self, interval: impl Into<Every>) -> Result<Self> {
        let timing = interval.into().0.and_then(Timing::every);
        let timing = timing.map_err(|reason| self.wrong("every", reason))?;
        Ok(self.timed(timing))
    }

    pub(super) fn timed(mut self, timing: Timing) -> Self {
        self.timing = Some(timing);
        self
    }

    /// Puts the job into this queue.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] for a name that is none.
    pub fn queue(mut self, queue: &str) -> Result<Self> {
        let name = QueueName::new(queue).map_err(|error| self.wrong("queue", error.to_string()))?;
        self.queue = Some(name);
        Ok(self)
    }

    pub(super) fn wrong(&self, field: &str, reason: impl Into<String>) -> Error {
        Error::schedule(self.name.as_str(), field, reason)
    }
}

/// How it runs.
impl Schedule {
    /// Says what it is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Runs up to so much later than its time, each run by an amount of its own, so that many
    /// schedules of the same time do not all run at once. All processes agree on the amount. It is
    /// at most half of the time to the next run.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Says what becomes of runs that were missed because no process could fire them. If nothing is
    /// said, the last one runs late.
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = catch_up;
        self
    }

    /// Says whether it fires; it does unless that is said.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Runs only where the environment is one of these, as `rails_env` says in resque-scheduler's
    /// files; anywhere if none is named.
    pub fn environments<I, S>(mut self, environments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.environments = environments.into_iter().map(Into::into).collect();
        self
    }

    /// Says whether Ruby's scheduler knows the same schedule. If so it fires only while a process
    /// of ours, and not Ruby's scheduler, holds the lock that the two have in common. Schedules of
    /// files and of stores are shared; those declared in code are not unless that is said.
    pub fn shared_with_ruby(mut self, shared: bool) -> Self {
        self.master = shared;
        self
    }
}

/// What it says.
impl Schedule {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ScheduleName {
        &self.name
    }

    /// The class of its job.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.class
    }

    /// The arguments of its job, a JSON list.
    #[must_use]
    pub fn args_json(&self) -> &str {
        self.args.get()
    }

    /// The queue of its job, if it names one.
    #[must_use]
    pub fn queue_name(&self) -> Option<&QueueName> {
        self.queue.as_ref()
    }

    /// When it runs; `None` for one that runs only when it is told to.
    #[must_use]
    pub fn timing(&self) -> Option<&Timing> {
        self.timing.as_ref()
    }

    /// What it is for.
    #[must_use]
    pub fn description_text(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Up to how much later than its time it runs.
    #[must_use]
    pub fn most_jitter(&self) -> Duration {
        self.jitter
    }

    /// What becomes of runs that were missed.
    #[must_use]
    pub fn missed_runs(&self) -> CatchUp {
        self.catch_up
    }

    /// Whether it fires.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether it is to be stored where it is declared.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.persist
    }

    /// Whether Ruby's scheduler knows the same schedule.
    #[must_use]
    pub fn is_shared_with_ruby(&self) -> bool {
        self.master
    }

    /// Whether it runs in this environment (`production`, …).
    #[must_use]
    pub fn runs_in(&self, environment: Option<&str>) -> bool {
        self.environments.is_empty()
            || environment.is_some_and(|here| self.environments.iter().any(|one| one == here))
    }

    /// The first tick after this time, before any jitter.
    #[must_use]
    pub fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        self.timing.as_ref()?.next_after(time)
    }

    /// The next ticks after this time, before any jitter.
    pub fn upcoming(&self, after: SystemTime) -> impl Iterator<Item = SystemTime> {
        std::iter::successors(self.next_after(after), |tick| self.next_after(*tick))
    }

    /// When a tick fires: at its time, or later by its share of the jitter.
    #[must_use]
    pub fn fires_at(&self, tick: SystemTime) -> SystemTime {
        if self.jitter.is_zero() {
            return tick;
        }
        // Not beyond the next tick: of two that have not fired one would hold up the other.
        let room = self.next_after(tick).map(|next| next.duration_since(tick));
        let room = room.map_or(Duration::MAX, Result::unwrap_or_default);
        let most = self.jitter.min(room / 2).as_millis();
        let since = tick.duration_since(SystemTime::UNIX_EPOCH);
        let millis = since.unwrap_or_default().as_millis().to_be_bytes();
        let digest = sha1_hex(&[self.name.as_str().as_bytes(), b"\0", &millis]);
        // Fifteen hexadecimal digits fit.
        let drawn = u128::from_str_radix(&digest[..15], 16).unwrap_or(0) % (most + 1);
        let later = Duration::from_millis(u64::try_from(drawn).unwrap_or(0));
        tick.checked_add(later).unwrap_or(tick)
    }

    /// One run of its job, to be enqueued.
    pub fn job(&self) -> NewJob {
        let job = NewJob::raw(self.class.clone(), &*self.args);
        match &self.queue {
            Some(queue) => job.to(queue.as_str()),
            None => job,
        }
    }

    /// What is pushed.
    #[cfg(feature = "worker")]
    pub(crate) fn enqueue(&self, queue: &QueueName) -> crate::Enqueue {
        let payload = crate::wire::payload::encode(&self.class, self.args.get().as_bytes());
        crate::Enqueue::new(queue.clone(), payload)
    }

    /// When it runs, in one line.
    pub(crate) fn timing_line(&self) -> String {
        self.timing
            .as_ref()
            .map_or_else(|| "manual".to_owned(), ToString::to_string)
    }

    /// As stores take it.
    pub(crate) fn to_stored(&self) -> NewSchedule {
        NewSchedule {
            name: self.name.clone(),
            definition: self.definition().into(),
            timing: self.timing_line(),
            enabled: self.enabled,
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
