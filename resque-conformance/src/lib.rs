//! The suite that defines a Resque backend.

#[macro_use]
mod ability;
#[macro_use]
mod macros;
#[macro_use]
mod verdict;
mod case;
mod cases;
mod ledger;
mod model;
mod patience;
mod race;
mod report;
mod run;
mod snapshot;
mod store;
mod world;

pub use self::ability::{Ability, Declared};
pub use self::case::{Case, CaseName, Guarantee};
pub use self::report::{Entry, Fate, Report};
pub use self::run::{Runner, report_as_test, run, run_as_test};
pub use self::verdict::{Broken, Verdict};
pub use self::world::{Factory, Outage, Plant, Planted, World};
