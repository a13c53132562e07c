//! Helpers for tests, behind the feature `testing`.

mod drain;
mod enqueued;
mod faults;
mod faulty;
mod fixture;

pub use self::drain::{Drain, Drained, drain};
pub use self::enqueued::{EnqueuedAssertion, assert_enqueued, assert_enqueued_raw};
pub use self::faults::{Fault, Faults, Operation};
pub use self::faulty::Faulty;
pub use self::fixture::Fixture;
