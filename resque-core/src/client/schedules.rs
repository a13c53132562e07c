//! The schedules of a store.

use std::time::SystemTime;

use super::{Client, Enqueued};
use crate::{Error, Leading, Result, Schedule, ScheduleEntry, ScheduleName, ScheduleStore};

/// The schedules of a store: those that are stored there, and what became of those that programs
/// declare.
///
/// ```
/// use resque_core::{Client, Schedule};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let client = Client::new(resque_memory::MemoryBackend::new().backend());
/// let schedules = client.schedules()?;
/// let nightly = Schedule::raw("nightly", "Archive", &(44, "masterbrew"))?
///     .queue("file_serve")?
///     .cron("0 3 * * * Europe/Stockholm")?;
/// schedules.set(&nightly).await?;
///
/// let known = schedules.list().await?;
/// assert!(known[0].enabled && known[0].next.is_some());
/// schedules.enqueue_now("nightly").await?;
/// assert_eq!(client.size("file_serve").await?, 1);
/// schedules.disable("nightly").await?;
/// assert!(schedules.remove("nightly").await?);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// All methods fail as [`ScheduleStore`] says, and with [`Error::InvalidSchedule`] for a name that
/// is none.
#[derive(Clone, Copy, Debug)]
pub struct Schedules<'a> {
    client: &'a Client,
    store: &'a dyn ScheduleStore,
}

/// One schedule, as the store knows it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ScheduleStatus {
    /// Its name.
    pub name: ScheduleName,
    /// The schedule, if it is stored and can be read.
    pub schedule: Option<Schedule>,
    /// Why its definition cannot be read.
    pub trouble: Option<Error>,
    /// Whether it fires.
    pub enabled: bool,
    /// When it put a job into a queue last.
    pub last_fired: Option<SystemTime>,
    /// Up to which time its ticks are settled; `None` before a worker has begun to follow it.
    pub settled: Option<SystemTime>,
    /// When it fires next, jitter included, if it is stored, switched on and followed.
    pub next: Option<SystemTime>,
}

impl Client {
    /// The schedules of the store.
    ///
    /// # Errors
    ///
    /// [`Error::NotOffered`] by a store that remembers no schedules.
    pub fn schedules(&self) -> Result<Schedules<'_>> {
        let what = "recurring jobs";
        let store = self.store(what)?;
        let schedules = store.queues().schedules();
        let schedules = schedules.ok_or_else(|| store.not_offered(what, "schedules"))?;
        Ok(Schedules {
            client: self,
            store: schedules,
        })
    }
}

impl Schedules<'_> {
    /// All of them by name.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn list(&self) -> Result<Vec<ScheduleStatus>> {
        let now = self.client.store_time().await?;
        let listing = self.store.list().await?;
        let status = |entry| ScheduleStatus::of(entry, now);
        Ok(listing.entries.into_iter().map(status).collect())
    }

    /// One of them, if anything is known about it.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn get(&self, name: &str) -> Result<Option<ScheduleStatus>> {
        let all = self.list().await?;
        Ok(all.into_iter().find(|one| one.name.as_str() == name))
    }

    /// Who fires them, and what changes whenever one of them is stored, removed or switched; much
    /// cheaper than [`list`](Self::list).
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn leading(&self) -> Result<Leading> {
        let now = self.client.store_time().await?;
        self.store.leading(now).await
    }

    /// Stores a schedule, or replaces the one of this name. Workers that follow stored schedules
    /// learn of it within seconds; what is past by now does not fire.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn set(&self, schedule: &Schedule) -> Result<()> {
        self.set_all(std::slice::from_ref(schedule)).await
    }

    /// Stores schedules, all of them or none.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`]; [`Error::InvalidSchedule`] also for one without a queue, whose job
    /// could go nowhere.
    pub async fn set_all(&self, schedules: &[Schedule]) -> Result<()> {
        let mut batch = Vec::with_capacity(schedules.len());
        for schedule in schedules {
            if schedule.queue_name().is_none() {
                let why = "it is missing; write the name of a queue";
                return Err(Error::schedule(schedule.name().as_str(), "queue", why));
            }
            batch.push(schedule.to_stored());
        }
        let now = self.client.store_time().await?;
        self.store.put(&batch, now).await
    }

    /// Forgets a schedule, and answers whether anything was known about it. One that a program
    /// declares begins anew.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn remove(&self, name: &str) -> Result<bool> {
        let removed = self.store.remove(&[ScheduleName::new(name)?]).await?;
        Ok(removed.first().copied().unwrap_or(false))
    }

    /// Switches a schedule on. What it missed does not fire.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn enable(&self, name: &str) -> Result<()> {
        self.switch(name, true).await
    }

    /// Switches a schedule off, for every process and also for Ruby's scheduler; one that is not
    /// stored too, if it is declared by a program.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`].
    pub async fn disable(&self, name: &str) -> Result<()> {
        self.switch(name, false).await
    }

    async fn switch(&self, name: &str, enabled: bool) -> Result<()> {
        let names = [ScheduleName::new(name)?];
        let now = self.client.store_time().await?;
        self.store.set_enabled(&names, enabled, now).await
    }

    /// Enqueues the job of a stored schedule at once, through its enqueue hooks. Its ticks stay
    /// what they are, and it need not be switched on.
    ///
    /// # Errors
    ///
    /// As for [`Schedules`] and [`Client::submit`]; [`Error::Conflict`] when no schedule of this
    /// name is stored.
    pub async fn enqueue_now(&self, name: &str) -> Result<Enqueued> {
        let known = self.get(name).await?;
        let gone = || Error::Conflict {
            what: format!("the stored schedule {name:?}"),
        };
        let known = known.ok_or_else(gone)?;
        if let Some(trouble) = known.trouble {
            return Err(trouble);
        }
        let schedule = known.schedule.ok_or_else(gone)?;
        self.client.submit(schedule.job()).await
    }
}

impl ScheduleStatus {
    fn of(entry: ScheduleEntry, now: SystemTime) -> Self {
        let read = |text: &bytes::Bytes| Schedule::from_definition(&entry.name, text);
        let (schedule, trouble) = match entry.definition.as_ref().map(read) {
            None => (None, None),
            Some(Ok(schedule)) => (Some(schedule.enabled(entry.enabled)), None),
            Some(Err(error)) => (None, Some(error)),
        };
        let on = schedule.as_ref().filter(|_| entry.enabled);
        let next = on.and_then(|schedule| {
            let tick = schedule.next_after(now.max(entry.settled.unwrap_or(now)))?;
            Some(schedule.fires_at(tick))
        });
        Self {
            name: entry.name,
            schedule,
            trouble,
            enabled: entry.enabled,
            last_fired: entry.last_fired,
            settled: entry.settled,
            next,
        }
    }
}
