//! Connections of the `redis` crate that the application made itself.

use std::fmt;

use async_trait::async_trait;
use redis::Pipeline;
use redis::aio::ConnectionManager;

use super::{Sender, send};
use crate::driver::{Batch, Driver, DriverError, Value};

/// A connection or connection manager as it was handed in: what it does about timeouts and lost
/// connections is its own affair, except that neither of them ever repeats a command.
pub(crate) struct Foreign<C> {
    place: std::sync::Arc<str>,
    connection: C,
}

impl<C> Foreign<C> {
    pub(crate) fn new(place: &str, connection: C) -> Self {
        Self {
            place: place.into(),
            connection,
        }
    }
}

#[async_trait]
impl<C: Sender + Clone + Send + Sync> Driver for Foreign<C> {
    async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        send(self.connection.clone(), batch).await.map_err(|error| {
            if error.is_connection_refusal() {
                DriverError::unavailable(&self.place, error)
            } else {
                DriverError::outcome_unknown(&self.place, error)
            }
        })
    }
}

impl<C> fmt::Debug for Foreign<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Foreign").field(&self.place).finish()
    }
}

impl Sender for ConnectionManager {
    async fn one(&mut self, command: &redis::Cmd) -> redis::RedisResult<redis::Value> {
        self.send_packed_command(command).await
    }

    async fn many(&mut self, pipeline: &Pipeline) -> redis::RedisResult<Vec<redis::Value>> {
        self.send_packed_commands(pipeline, 0, pipeline.len()).await
    }
}
