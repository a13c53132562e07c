//! The worker runtime: takes jobs from a backend, performs them, and settles them.

mod env;
mod lifecycle;
mod pacing;

pub use self::env::{FailureLayout, Verbosity, WithoutEffect, WorkerEnv};
pub use self::lifecycle::Phase;
pub use self::pacing::Polling;
