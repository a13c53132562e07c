//! Putting jobs into queues, and everything else a program asks of a store.

mod core;

pub use self::core::Client;
