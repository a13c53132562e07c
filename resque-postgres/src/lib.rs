//! Resque on Postgres: `FOR UPDATE SKIP LOCKED`, wake-up by `LISTEN` and `NOTIFY`, and every step one
//! transaction.
//!
//! Everything lives in a schema of its own, `resque` unless another one is named. Its tables are made
//! by `resque migrate`, by a [`Migrator`], or by the builder when it is told to, never unasked.
//!
//! ```no_run
//! use resque_core::{Enqueue, QueueName};
//! use resque_postgres::{Config, PostgresBackend};
//!
//! # async fn example() -> resque_core::Result<()> {
//! let backend = PostgresBackend::connect("postgres://localhost/shop").await?;
//! let job = r#"{"class":"Archive","args":[44,"masterbrew"]}"#;
//! backend.queues().push(&[Enqueue::new(QueueName::new("file_serve")?, job)]).await?;
//!
//! // In another schema, whose tables are made here and now:
//! let config = Config::parse("postgres://localhost/shop")?.with_namespace("jobs")?;
//! let backend = PostgresBackend::builder(config).migrate(true).connect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! An existing pool is used by [`PostgresBackend::over`].
//!
//! A job can be enqueued in the application's own transaction, by an [`Outbox`] or by the SQL function
//! `resque.enqueue`: it exists if and only if that transaction commits.
//!
//! # Where the traits leave a choice
//!
//! - The answer to a push counts the jobs of a queue up to 10, among the last thousand that were put into any
//!   queue: a longer queue, or one that has not moved for long, is not counted.
//! - A job whose transaction ended when later ones had been taken out of its queue is found as soon as the
//!   queues do not fill a worker's slots, and if more than a thousand jobs were put in since, or the slots are
//!   full, when the queue is searched from its very beginning. That takes place every 50 ms, or as seldom
//!   that it costs 3 % of the time; until then jobs behind it may go first.
//! - Times are kept to the microsecond. What is due becomes visible at the first one that is not before
//!   its time.
//! - Failures are one list that also knows each queue's share.
//! - Keys are named as a store in the Resque format would name them; there are none.
//! - Stopping a queue outlives the queue: deleted and made anew, it is still stopped.
//! - A slot that reserves without being registered beats by that, so that what it holds is found when it
//!   dies.
//! - Two heartbeats of the same time are two: what was decided because of the first is void.

mod backend;
mod cancel;
pub mod config;
mod connect;
mod control;
mod counters;
mod delayed;
mod edit;
mod exchange;
mod failures;
mod history;
mod http_workers;
mod keyspace;
mod known;
mod limits;
mod loans;
mod migrate;
mod outbox;
mod pop;
mod push;
mod queue;
mod queues;
mod refusal;
mod registry;
mod schedules;
mod schema;
mod session;
mod settling;
mod stamp;
mod store;
mod survey;
mod taken;
mod timeline;
mod wait;
mod wake;
mod workers;

pub use backend::{PostgresBackend, PostgresBackendBuilder};
pub use config::Config;
pub use migrate::{MigrationStatus, Migrator, VERSION};
pub use outbox::Outbox;
pub use survey::Survey;
