//! What keeps jobs from coming twice, from running too many at once, and from running too often.
//!
//! Everything a store has to know comes down to three things under a name: *leases*, which somebody
//! holds until a time; a *bucket*, which gives a token now and then; and a *line* of those who were
//! refused. Where names and holders come from is decided here, never by a store.

mod claim;
mod lease;
mod of_job;
mod policy;
mod rate;
mod table;
mod unique;

pub use self::claim::{Claim, Claimed, LONGEST_TURN, Need, TURN_KEPT, TURN_LATE};
pub use self::lease::{Lease, LeaseChanges, Lock, Renewal};
pub use self::policy::JobLimits;
pub use self::rate::Rate;
pub use self::unique::Unique;

#[cfg(feature = "worker")]
pub(crate) use self::of_job::{Leases, after};
pub(crate) use self::of_job::{Limiting, Wanted};
pub(crate) use self::table::LimitTable;
