//! Recurring jobs: when they run, and what a store remembers of them.

mod catch_up;
mod cron;
mod definition;
mod every;
#[cfg(feature = "worker")]
mod file;
mod name;
mod options;
#[expect(
    clippy::module_inception,
    reason = "the file is named after the type that the folder is about"
)]
mod schedule;
mod span;
mod stored;
mod timing;

pub use self::catch_up::CatchUp;
pub use self::every::Every;
pub use self::name::ScheduleName;
pub use self::schedule::Schedule;
pub use self::stored::{
    Begin, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, ScheduleEntry, ScheduleListing,
};
pub use self::timing::Timing;
