//! Helpers for tests, behind the feature `testing`.

mod drain;
mod enqueued;
mod faults;
mod faulty;
mod fixture;
mod perform;

pub use self::drain::{Drain, Drained, drain};
pub use self::enqueued::{EnqueuedAssertion, assert_enqueued, assert_enqueued_raw};
pub use self::faults::{Fault, Faults, Operation};
pub use self::faulty::Faulty;
pub use self::fixture::Fixture;
pub use self::perform::{Perform, perform, perform_raw};
