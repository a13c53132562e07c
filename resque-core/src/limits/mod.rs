//! What keeps jobs from coming twice, from running too many at once, and from running too often.
//!
//! Everything a store has to know comes down to three things under a name: *leases*, which somebody
//! holds until a time; a *bucket*, which gives a token now and then; and a *line* of those who were
//! refused. Where names and holders come from is decided here, never by a store.

mod claim;
mod lease;
#[expect(dead_code, reason = "the worker that claims comes next")]
mod of_job;
mod policy;
mod rate;
#[expect(dead_code, reason = "the worker that claims comes next")]
mod table;
mod unique;

pub use self::claim::{Claim, Claimed, LONGEST_TURN, Need, TURN_KEPT};
pub use self::lease::{Lease, LeaseChanges, Lock, Renewal};
pub use self::policy::JobLimits;
pub use self::rate::Rate;
pub use self::unique::Unique;

pub(crate) use self::of_job::{Limiting, Wanted};
pub(crate) use self::table::LimitTable;
