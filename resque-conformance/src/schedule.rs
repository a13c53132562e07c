//! The schedules of the suite: short verbs for the cases about them.

use std::time::SystemTime;

use resque_core::{
    Begin, Enqueue, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Result, ScheduleEntry,
    ScheduleName,
};

use crate::Verdict;
use crate::store::{Store, job, queue};
use crate::verdict::Broken;

/// When the suite's schedules run, unless a case says otherwise.
pub(crate) const HOURLY: &str = "cron 0 * * * *";

/// The name of a schedule, known to be one.
#[track_caller]
pub(crate) fn named(name: &str) -> ScheduleName {
    ScheduleName::new(name).expect("the suite names only schedules that may exist")
}

/// A schedule to be stored.
pub(crate) fn new(name: &str, timing: &str) -> NewSchedule {
    NewSchedule {
        name: named(name),
        definition: format!(r#"{{"class":"Count","queue":"mail","timing":"{timing}"}}"#).into(),
        timing: timing.to_owned(),
        enabled: true,
    }
}

/// A schedule to be followed.
pub(crate) fn begin(name: &str, timing: &str) -> Begin {
    Begin {
        name: named(name),
        timing: timing.to_owned(),
    }
}

/// A tick of a schedule, which puts the job with this number into `mail`.
pub(crate) fn firing(name: &str, tick: SystemTime, number: u64) -> Firing {
    Firing {
        name: named(name),
        timing: HOURLY.to_owned(),
        tick,
        job: Some(Enqueue::new(queue("mail"), job(number))),
        stored: false,
        master: false,
    }
}

impl Store {
    /// Stores one schedule that runs every hour, so many seconds after the world began.
    pub(crate) async fn put_hourly(&self, name: &str, seconds: u64) -> Verdict {
        let (schedule, now) = (new(name, HOURLY), self.at(seconds));
        Ok(self.schedules()?.put(&[schedule], now).await?)
    }

    /// Begins to follow one schedule that runs every hour.
    pub(crate) async fn begin_hourly(&self, name: &str, seconds: u64) -> Verdict<SystemTime> {
        self.begin(name, HOURLY, seconds).await
    }

    /// Begins to follow one schedule, and answers up to when its ticks are settled.
    pub(crate) async fn begin(&self, name: &str, timing: &str, at: u64) -> Verdict<SystemTime> {
        let batch = [begin(name, timing)];
        let mut settled = self.schedules()?.begin(&batch, self.at(at)).await?;
        ensure_eq!(settled.len(), 1, "answers to one beginning");
        Ok(settled.remove(0)?)
    }

    /// Fires the tick of so many seconds after the world began.
    pub(crate) async fn fire(&self, name: &str, seconds: u64, number: u64) -> Verdict<Fired> {
        self.fire_as(firing(name, self.at(seconds), number)).await
    }

    /// Fires one tick.
    pub(crate) async fn fire_as(&self, firing: Firing) -> Verdict<Fired> {
        let mut fired = self.fire_all(&[firing]).await?;
        ensure_eq!(fired.len(), 1, "answers to one firing");
        Ok(fired.remove(0)?)
    }

    /// Fires ticks.
    pub(crate) async fn fire_all(&self, batch: &[Firing]) -> Verdict<Vec<Result<Fired>>> {
        let now = batch.iter().map(|firing| firing.tick).max();
        let now = now.unwrap_or(self.at(0));
        Ok(self.schedules()?.fire_once("suite:1", batch, now).await?)
    }

    /// Switches one schedule on or off.
    pub(crate) async fn switch(&self, name: &str, enabled: bool, seconds: u64) -> Verdict {
        let (names, now) = ([named(name)], self.at(seconds));
        Ok(self.schedules()?.set_enabled(&names, enabled, now).await?)
    }

    /// What is known about one schedule.
    pub(crate) async fn entry(&self, name: &str) -> Verdict<ScheduleEntry> {
        let listing = self.schedules()?.list().await?;
        let entry = listing.get(name).cloned();
        entry.ok_or_else(|| Broken::new(format!("the schedule {name} is not listed")))
    }

    /// Claims to lead for ten seconds, so many seconds after the world began.
    pub(crate) async fn lead(&self, holder: &str, seconds: u64) -> Verdict<Lead> {
        let claim = LeadClaim {
            holder,
            master: true,
            now: self.at(seconds),
            until: self.at(seconds + 10),
        };
        Ok(self.schedules()?.lead(claim).await?)
    }

    /// Who leads, so many seconds after the world began.
    pub(crate) async fn leading(&self, seconds: u64) -> Verdict<Leading> {
        Ok(self.schedules()?.leading(self.at(seconds)).await?)
    }
}
