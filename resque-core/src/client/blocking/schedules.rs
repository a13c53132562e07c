//! Schedules, for code that is not async.

use super::Client;
use crate::{Enqueued, Result, Schedule, ScheduleStatus};

/// The schedules of a store, for code that is not async; every call waits for its end.
///
/// ```
/// use resque_core::blocking::Client;
/// use resque_core::Schedule;
///
/// let client = Client::open(async { Ok(resque_memory::MemoryBackend::new().backend()) })?;
/// let hourly = Schedule::raw("hourly", "Archive", &(44,))?.queue("file_serve")?.every("1h")?;
/// client.schedules().set(&hourly)?;
/// assert_eq!(client.schedules().list()?.len(), 1);
/// assert!(client.schedules().remove("hourly")?);
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Schedules<'a> {
    client: &'a Client,
}

impl Client {
    /// The schedules of the store.
    #[must_use]
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules { client: self }
    }
}

impl Schedules<'_> {
    /// All of them by name.
    ///
    /// # Errors
    ///
    /// As for [`crate::Schedules`], and so for all methods here.
    pub fn list(&self) -> Result<Vec<ScheduleStatus>> {
        let run = |client: crate::Client| async move { client.schedules()?.list().await };
        self.client.run(run)
    }

    /// One of them, if anything is known about it.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub fn get(&self, name: &str) -> Result<Option<ScheduleStatus>> {
        let name = name.to_owned();
        let run = |client: crate::Client| async move { client.schedules()?.get(&name).await };
        self.client.run(run)
    }

    /// Stores a schedule, or replaces the one of this name.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub fn set(&self, schedule: &Schedule) -> Result<()> {
        self.set_all(std::slice::from_ref(schedule))
    }

    /// Stores schedules, all of them or none.
    ///
    /// # Errors
    ///
    /// As for [`crate::Schedules::set_all`].
    pub fn set_all(&self, schedules: &[Schedule]) -> Result<()> {
        let all = schedules.to_vec();
        let run = |client: crate::Client| async move { client.schedules()?.set_all(&all).await };
        self.client.run(run)
    }

    /// Forgets a schedule, and answers whether anything was known about it.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub fn remove(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        let run = |client: crate::Client| async move { client.schedules()?.remove(&name).await };
        self.client.run(run)
    }

    /// Switches a schedule on. What it missed does not fire.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub fn enable(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        let run = |client: crate::Client| async move { client.schedules()?.enable(&name).await };
        self.client.run(run)
    }

    /// Switches a schedule off.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub fn disable(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        let run = |client: crate::Client| async move { client.schedules()?.disable(&name).await };
        self.client.run(run)
    }

    /// Enqueues the job of a stored schedule at once.
    ///
    /// # Errors
    ///
    /// As for [`crate::Schedules::enqueue_now`].
    pub fn enqueue_now(&self, name: &str) -> Result<Enqueued> {
        let name = name.to_owned();
        let run =
            |client: crate::Client| async move { client.schedules()?.enqueue_now(&name).await };
        self.client.run(run)
    }
}
