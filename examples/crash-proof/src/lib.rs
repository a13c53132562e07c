//! A worker that may be killed at any moment, and what it takes to check that nothing gets lost.
//!
//! Each job writes a line into a ledger, a file that is only ever appended to, before and after it
//! works. So whoever holds the ledger against the store afterwards can tell what became of each job.
//! The tests of this example do that while they kill workers, stop them, and take their server away.

mod ledger;
mod work;

pub use ledger::{Entry, Ledger, Step};
pub use work::{Poison, Work};
