//! What becomes of a job whose attempt failed.
//!
//! An error carries a [`Verdict`], a class has a [`RetryPolicy`], and out of both comes one
//! [`Decision`], taken once for each failed attempt and before its failure hooks run. Everything
//! that can end an attempt goes this way: errors, panics, timeouts, lost processes and workers.

mod account;
mod decide;
mod decision;
mod delays;
mod policy;
mod settle;
mod verdict;

pub use self::decision::Decision;
pub use self::policy::RetryPolicy;
pub use self::verdict::Verdict;
