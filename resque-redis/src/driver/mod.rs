//! The seam between the backend and a Redis client: batches of raw commands in, plain replies out.
//!
//! Everything above it (scripts, formats, the backend traits) is written once against [`Driver`];
//! everything below it is one file per client crate. A driver performs exactly one pipelined round
//! trip per call and never sends anything twice, so that the caller alone decides what a lost reply
//! means.

mod argument;
mod batch;
mod error;
#[cfg(feature = "fred")]
pub(crate) mod fred;
mod life;
#[cfg(feature = "redis")]
pub(crate) mod redis_rs;
mod script;
mod server_error;
mod value;

use std::fmt::Debug;

use async_trait::async_trait;

pub use argument::Argument;
pub use batch::Batch;
pub use error::{Cause, DriverError};
pub use script::Script;
pub(crate) use script::run_scripts;
pub use server_error::{ErrorClass, ServerError};
pub use value::Value;

/// A connection to one Redis server, shared by any number of callers.
///
/// Implementations multiplex concurrent calls on one connection, answer RESP2 and RESP3 alike (see
/// [`Value`]), and reconnect by themselves, but never repeat a command.
#[async_trait]
pub trait Driver: Debug + Send + Sync {
    /// Sends the commands of `batch` in one round trip and returns one reply for each, in order.
    ///
    /// What the server refuses is a reply ([`Value::Error`]), because the other commands of the
    /// batch have run.
    ///
    /// # Errors
    ///
    /// [`DriverError::Unavailable`] and [`DriverError::Refused`] when certainly nothing was
    /// executed, [`DriverError::OutcomeUnknown`] when the connection was lost or the time ran out
    /// after something was sent.
    async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError>;
}
