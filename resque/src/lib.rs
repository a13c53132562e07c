//! Background jobs with the backend of your choice.
//!
//! A job is a struct whose fields are its arguments. A client puts it into a queue, and a worker,
//! in this process or in another one, in Rust or in Ruby, performs it.
//!
//! ```
//! use resque::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Archive { repo_id: u64, branch: String }
//!
//! impl Job for Archive {
//!     const CLASS: &'static str = "Archive";
//!     const QUEUE: &'static str = "file_serve";
//!     async fn perform(self, _ctx: &JobContext) -> JobResult { Ok(()) }
//! }
//!
//! # #[cfg(feature = "memory")]
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let backend = resque::connect("memory:").await?; // or "redis://localhost"
//! let client = Client::new(backend.clone());
//! client.enqueue(&Archive { repo_id: 44, branch: "main".into() }).await?;
//!
//! let worker = Worker::builder(backend).queues("*").register::<Archive>();
//! # let env = resque::worker::WorkerEnv::from_vars([("INTERVAL", "0")])?;
//! # let worker = worker.env(&env); // leaves when there is nothing to do
//! let report = worker.build()?.run().await?;
//! assert_eq!(report.processed, 1);
//! # Ok::<(), resque::Error>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`connect`] | opens the store that a URL names |
//! | [`Job`], [`Handlers`] | what jobs are and who performs them |
//! | [`Client`], [`blocking::Client`] | puts jobs into queues, asks and changes everything in a store |
//! | [`Worker`] | takes jobs out of queues and performs them |
//! | [`RetryPolicy`], [`JobError`] | whether and when a failed job is tried again |
//! | [`Hooks`], [`Middleware`] | runs around every step |
#![cfg_attr(
    feature = "testing",
    doc = "| [`testing`] | a clock moved by hand, drain, assertions, faults; [`memory::fixture`] |"
)]
//! | [`migrating`] | every call of the Ruby and Perl clients, and ours |
//!
//! Features: `memory` and `redis` (on unless turned off), `fred` (another driver for Redis),
//! `postgres`, `process` (jobs in processes of their own), `metrics`, `testing`.

mod connect;
/// Jobs in processes of their own.
#[cfg(feature = "process")]
pub mod isolation {
    pub use resque_isolation::*;
}
#[cfg(feature = "memory")]
pub mod memory;
pub mod migrating;
pub mod prelude;
/// The Postgres backend, for what a URL cannot say: existing pools, migrations.
#[cfg(feature = "postgres")]
pub mod postgres {
    pub use resque_postgres::*;
}
/// The Redis backend, for what a URL cannot say: existing clients, failure layouts, TLS settings.
#[cfg(any(feature = "redis", feature = "fred"))]
pub mod redis {
    pub use resque_redis::*;
}

/// The page of the repository, whose code is compiled with these docs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

/// The page about signals and isolated jobs, whose code is compiled with these docs.
#[cfg(all(doctest, feature = "process"))]
#[doc = include_str!("../../docs/signals.md")]
mod signals_page {}

/// The page about Postgres, whose code is compiled with these docs.
#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../../docs/postgres.md")]
mod postgres_page {}

/// The page about retries, whose code is compiled with these docs.
#[cfg(doctest)]
#[doc = include_str!("../../docs/retries.md")]
mod retries_page {}

/// The page about delayed and recurring jobs, whose code is compiled with these docs.
#[cfg(doctest)]
#[doc = include_str!("../../docs/schedules.md")]
mod schedules_page {}

/// The page about limits, whose code is compiled with these docs.
#[cfg(doctest)]
#[doc = include_str!("../../docs/limits.md")]
mod limits_page {}

/// The page about tests of jobs, whose code is compiled with these docs.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../docs/testing-your-jobs.md")]
mod testing_page {}

pub use resque_core::*;

pub use self::connect::{connect, connect_blocking, connect_with};
