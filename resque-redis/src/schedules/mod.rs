//! Schedules, as the trait sees them.
//!
//! Definitions are where resque-scheduler keeps them, so that Ruby's scheduler and pages know them
//! too; what it does not know, such as which ticks are settled, is in keys of our own.

mod fire;
mod list;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Begin, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Result, ScheduleListing,
    ScheduleName, ScheduleStore,
};

use crate::driver::Value;
use crate::scripts::{
    BEGIN_SCHEDULES, ENABLE_SCHEDULES, LEAD_SCHEDULES, LEADING_SCHEDULES, PUT_SCHEDULES,
    REMOVE_SCHEDULES, STEP_DOWN,
};
use crate::store::{Store, bytes_of, list_of};

#[async_trait]
impl ScheduleStore for Store {
    async fn list(&self) -> Result<ScheduleListing> {
        self.list_schedules().await
    }

    async fn put(&self, batch: &[NewSchedule], now: SystemTime) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.check_permissions().await?;
        let bytes = batch.iter().map(|new| new.definition.len() + 100).sum();
        let mut call = self.call(&PUT_SCHEDULES, 4 * batch.len() + 1, bytes);
        call.arg(millis(now));
        for new in batch {
            call.arg(new.name.as_str())
                .arg(&new.definition)
                .arg(&new.timing)
                .arg(u8::from(new.enabled));
        }
        self.script("store schedules", &call).await.map(drop)
    }

    async fn remove(&self, names: &[ScheduleName]) -> Result<Vec<bool>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        self.check_permissions().await?;
        let mut call = self.call(&REMOVE_SCHEDULES, names.len(), 40 * names.len());
        for name in names {
            call.arg(name.as_str());
        }
        let known = list_of(self.script("remove schedules", &call).await?);
        Ok(known
            .iter()
            .map(|known| known.as_int() == Some(1))
            .collect())
    }

    async fn set_enabled(
        &self,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        self.check_permissions().await?;
        let mut call = self.call(&ENABLE_SCHEDULES, names.len() + 2, 40 * names.len() + 40);
        call.arg(millis(now)).arg(u8::from(enabled));
        for name in names {
            call.arg(name.as_str());
        }
        self.script("switch schedules on or off", &call)
            .await
            .map(drop)
    }

    async fn lead(&self, claim: LeadClaim<'_>) -> Result<Lead> {
        const WHAT: &str = "claim to fire schedules";
        let lasts = claim.until.duration_since(claim.now).unwrap_or_default();
        let hold = match claim.master {
            true => lasts.as_secs().max(1),
            false => 0,
        };
        let mut call = self.call(&LEAD_SCHEDULES, 5, 160);
        call.arg(claim.holder)
            .arg(millis(claim.now))
            .arg(millis(claim.until))
            .arg(self.master_lock())
            .arg(hold);
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([leads, master, leader, version]) = <[Value; 4]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let lead = Lead::new(leads.as_int() == Some(1), text(leader), text(version));
        Ok(lead.master(master.as_int() == Some(1)))
    }

    async fn leading(&self, now: SystemTime) -> Result<Leading> {
        const WHAT: &str = "ask who fires schedules";
        let mut call = self.call(&LEADING_SCHEDULES, 1, 20);
        call.arg(millis(now));
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([version, leader]) = <[Value; 2]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let leader = Some(text(leader)).filter(|leader| !leader.is_empty());
        Ok(Leading::new(leader, text(version)))
    }

    async fn step_down(&self, holder: &str) -> Result<()> {
        let mut call = self.call(&STEP_DOWN, 2, 100);
        call.arg(holder).arg(self.master_lock());
        self.script("step down", &call).await.map(drop)
    }

    async fn begin(&self, batch: &[Begin], now: SystemTime) -> Result<Vec<Result<SystemTime>>> {
        const WHAT: &str = "begin schedules";
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.check_permissions().await?;
        let mut call = self.call(&BEGIN_SCHEDULES, 2 * batch.len() + 1, 100 * batch.len());
        call.arg(millis(now));
        for begin in batch {
            call.arg(begin.name.as_str()).arg(&begin.timing);
        }
        let settled = list_of(self.script(WHAT, &call).await?);
        let time = |value: &Value| time_of(value).ok_or_else(|| self.odd_reply(WHAT));
        Ok(settled.iter().map(time).collect())
    }

    async fn fire_once(
        &self,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Result<Vec<Result<Fired>>> {
        self.fire(holder, batch, now).await
    }
}

fn text(value: Value) -> String {
    String::from_utf8_lossy(&bytes_of(value)).into_owned()
}

/// The milliseconds since 1970 that have passed at this time.
fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The time that a script answers in milliseconds.
fn time_of(value: &Value) -> Option<SystemTime> {
    let millis = u64::try_from(value.as_int()?).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
