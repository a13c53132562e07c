//! Recurring jobs: when they run, and what a store remembers of them.

mod name;
mod stored;

pub use self::name::ScheduleName;
pub use self::stored::{
    Begin, Fired, Firing, Lead, LeadClaim, NewSchedule, ScheduleEntry, ScheduleListing,
};
