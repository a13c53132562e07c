//! Resque on Postgres: `FOR UPDATE SKIP LOCKED`, jobs in the caller's own transaction, wake-up by
//! `LISTEN` and `NOTIFY`.

pub mod config;
mod connect;
mod migrate;
mod refusal;
mod schema;
mod stamp;

pub use config::Config;
pub use migrate::{MigrationStatus, Migrator, VERSION};
