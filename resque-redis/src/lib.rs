//! resque-redis

pub mod config;
pub mod connect;
pub mod driver;
#[expect(dead_code, reason = "the waiting ability that uses it comes next")]
mod wake;

#[cfg(not(any(feature = "fred", feature = "redis")))]
compile_error!("resque-redis needs a driver: enable its feature `redis` or `fred`");

pub use config::{Config, DriverKind, Protocol, Tls};
pub use connect::Connection;
