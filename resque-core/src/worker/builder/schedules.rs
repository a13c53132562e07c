//! The schedules that a worker fires.

use std::path::Path;
use std::time::Duration;

use super::WorkerBuilder;
use crate::worker::scheduler::ScheduleSettings;
use crate::{Result, Schedule};

/// Recurring jobs.
impl WorkerBuilder {
    /// Lets a job recur as long as a worker of this program runs. Any number of workers may declare
    /// the same schedule: each of its ticks fires once.
    ///
    /// ```
    /// use resque_core::{Schedule, Worker};
    ///
    /// # fn example(backend: resque_core::Backend) -> resque_core::Result<()> {
    /// let worker = Worker::builder(backend)
    ///     .queues("*")
    ///     .register_fn("Archive", |(repo,): (u64,), _ctx| async move {
    ///         tracing::info!(repo, "archiving");
    ///         Ok(())
    ///     })
    ///     .schedule(
    ///         Schedule::raw("nightly archive", "Archive", &(44,))?
    ///             .queue("file_serve")?
    ///             .cron("0 3 * * * Europe/Stockholm")?,
    ///     )
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// # example(resque_memory::MemoryBackend::new().backend()).unwrap();
    /// ```
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.scheduling().declared.push(schedule);
        self
    }

    /// The same for many schedules, such as those of a file ([`Schedule::load`]).
    pub fn schedules(mut self, schedules: impl IntoIterator<Item = Schedule>) -> Self {
        self.scheduling().declared.extend(schedules);
        self
    }

    /// Lets jobs recur as a file says, in resque-scheduler's YAML layout.
    ///
    /// # Errors
    ///
    /// As for [`Schedule::load`].
    pub fn schedule_file(self, path: impl AsRef<Path>) -> Result<Self> {
        Ok(self.schedules(Schedule::load(path)?))
    }

    /// Fires the schedules that are stored too ([`crate::Client::schedules`]), and follows what
    /// becomes of them.
    ///
    /// On Redis a fleet's Ruby schedulers, if there are any, should then be dynamic: whoever holds
    /// the lock that they have in common fires, and it fires only what it knows.
    pub fn stored_schedules(mut self, follow: bool) -> Self {
        if follow || self.settings.schedules.is_some() {
            self.scheduling().stored = follow;
        }
        self
    }

    /// Says in which environment this is, for schedules that run only in some. What `RAILS_ENV`
    /// says if nothing is said.
    pub fn schedule_environment(mut self, environment: impl Into<String>) -> Self {
        self.scheduling().environment = Some(environment.into());
        self
    }

    /// How long after the process that fires schedules was killed another one does so, at most and
    /// together with a third of it. Fifteen seconds if nothing is said; on Redis never less than
    /// one, and all processes should agree.
    pub fn schedule_lease(mut self, lease: Duration) -> Self {
        self.scheduling().lease = lease.max(Duration::from_millis(100));
        self
    }

    fn scheduling(&mut self) -> &mut ScheduleSettings {
        self.settings
            .schedules
            .get_or_insert_with(|| ScheduleSettings {
                environment: std::env::var("RAILS_ENV").ok(),
                ..ScheduleSettings::default()
            })
    }
}
