//! Resque on Redis: exactly Resque's keys and formats, made crash-safe.
//!
//! A worker in Rust shares queues, failed jobs, delayed jobs and pages with workers and clients in
//! Ruby, Perl, Node or Go. What has to be one step is one Lua script, so that no crash of anybody at
//! any point loses a job; the page on the wire format lists every key and every difference.
//!
//! ```no_run
//! use resque_core::{Enqueue, QueueName};
//! use resque_redis::{Config, FailureLayout, RedisBackend};
//!
//! # async fn example() -> resque_core::Result<()> {
//! let backend = RedisBackend::connect("redis://localhost:6379").await?;
//! let job = r#"{"class":"Archive","args":[44,"masterbrew"]}"#;
//! backend.queues().push(&[Enqueue::new(QueueName::new("file_serve")?, job)]).await?;
//!
//! // A fleet that keeps failures in one list per queue, in a namespace of its own:
//! let config = Config::parse("rediss://redis.example:6379/2")?.with_namespace("shop");
//! let backend = RedisBackend::builder(config).failures(FailureLayout::PerQueue).connect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! An existing client is used by [`RedisBackend::over`]. The module [`driver`] is the seam between
//! the backend and the client crates.

mod backend;
mod cancel;
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
mod history;
mod http_workers;
mod keys;
mod keyspace;
mod known;
mod limits;
mod loans;
mod permissions;
mod pop;
mod push;
mod pushes;
mod queue;
mod queues;
mod receipt;
mod refusal;
mod registry;
mod roll;
mod schedules;
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
pub use resque_core::FailureLayout;
