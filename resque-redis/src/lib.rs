//! resque-redis

mod backend;
pub mod config;
pub mod connect;
mod control;
mod counters;
mod delayed;
pub mod driver;
mod due;
mod edit;
mod exchange;
mod failures;
mod keys;
mod keyspace;
mod known;
mod layout;
mod pop;
mod push;
mod queue;
mod queues;
mod receipt;
mod refusal;
mod registry;
mod roll;
mod scripts;
mod store;
mod wait;
mod wake;
mod workers;

#[cfg(not(any(feature = "fred", feature = "redis")))]
compile_error!("resque-redis needs a driver: enable its feature `redis` or `fred`");

pub use backend::{RedisBackend, RedisBackendBuilder};
pub use config::{Config, DriverKind, Protocol, Tls};
pub use connect::Connection;
pub use layout::FailureLayout;
