//! Helpers for tests, behind the feature `testing`.

mod faults;
mod faulty;

pub use self::faults::{Fault, Faults, Operation};
pub use self::faulty::Faulty;
