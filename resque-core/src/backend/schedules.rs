//! Recurring jobs, as far as a store has to know about them.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{
    Begin, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Result, ScheduleListing,
    ScheduleName,
};

/// Remembering schedules, and firing each of their ticks once, whoever tries and whoever dies.
///
/// The store knows nothing about calendars. Of each schedule it remembers the definition, if that
/// is stored, in one line when it runs (its *timing*), and up to which time its ticks are
/// *settled*: ticks up to then never fire (again). That mark only ever moves forward.
///
/// What is true of one schedule is true of no other: the backend must take every step of a batch by
/// itself, in order, and report trouble with one without failing the others.
#[async_trait]
pub trait ScheduleStore: Debug + Send + Sync {
    /// All schedules that are stored, switched off, or have begun.
    async fn list(&self) -> Result<ScheduleListing>;

    /// Stores schedules, all of them or none. The ticks of each are settled up to `now` if it is
    /// new, if its timing is another one than before, or if it was switched off.
    async fn put(&self, batch: &[NewSchedule], now: SystemTime) -> Result<()>;

    /// Forgets all about schedules, and answers of each whether anything was known.
    async fn remove(&self, names: &[ScheduleName]) -> Result<Vec<bool>>;

    /// Switches schedules on or off, also those that are not stored: of these a switch that is off
    /// is remembered. The ticks of one that is switched on are settled up to `now`.
    async fn set_enabled(
        &self,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()>;

    /// Claims to be the process that fires, for the first time or again. It succeeds unless another
    /// process leads and its time has not run out.
    async fn lead(&self, claim: LeadClaim<'_>) -> Result<Lead>;

    /// Tells who leads, and whether schedules were changed, without claiming anything: at the price of
    /// one look, so that pages can ask again and again.
    async fn leading(&self, now: SystemTime) -> Result<Leading>;

    /// Gives up leading, so that another process can take over at once. Without effect for a
    /// process that does not lead.
    async fn step_down(&self, holder: &str) -> Result<()>;

    /// Begins to follow schedules, and answers of each up to which time its ticks are settled: up
    /// to `now` if it is not known yet or ran at other times before.
    async fn begin(&self, batch: &[Begin], now: SystemTime) -> Result<Vec<Result<SystemTime>>>;

    /// Fires ticks, each at most once: in one step the backend must make sure that the schedule has
    /// begun with this timing, is switched on (and stored, if it has to be), and that the tick is
    /// not settled; settle it; and put the job at the end of its queue. `holder` names the process,
    /// for stores that other programs' schedulers use too.
    ///
    /// A tick whose reply was lost can be fired again: it answers [`Fired::Already`].
    async fn fire_once(
        &self,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Result<Vec<Result<Fired>>>;
}
