//! Which schedules a worker fires.

use std::collections::HashSet;
use std::time::Duration;

use super::store_of;
use crate::{Backend, Error, Result, Schedule};

/// Which schedules a worker fires.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleSettings {
    /// Those that the program declares.
    pub(crate) declared: Vec<Schedule>,
    /// Whether those that are stored are fired too.
    pub(crate) stored: bool,
    /// The environment in which schedules run that name some.
    pub(crate) environment: Option<String>,
    /// How long a process leads without saying so again.
    pub(crate) lease: Duration,
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        Self {
            declared: Vec::new(),
            stored: false,
            environment: None,
            lease: Duration::from_secs(15),
        }
    }
}

impl ScheduleSettings {
    /// How often a process says that it leads, or looks whether it may, and whether schedules have
    /// changed.
    pub(super) fn lead_every(&self) -> Duration {
        self.lease / 3
    }

    /// Checks what can be checked before the worker starts.
    pub(crate) fn check(&self, backend: &Backend) -> Result<()> {
        store_of(backend)?;
        let mut names = HashSet::new();
        for schedule in &self.declared {
            let wrong = |field, why| Err(Error::schedule(schedule.name().as_str(), field, why));
            if !names.insert(schedule.name()) {
                return wrong("name", "two schedules have it; give each a name of its own");
            }
            if schedule.queue_name().is_none() {
                return wrong("queue", "it is missing; write the name of a queue");
            }
        }
        Ok(())
    }
}
