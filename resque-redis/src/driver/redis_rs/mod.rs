//! The `redis` crate behind the seam.

mod convert;
mod foreign;
mod io;
mod login;

use std::sync::Arc;

use redis::Pipeline;
use redis::aio::MultiplexedConnection;

use super::{Batch, DriverError, Value};
use convert::{from_redis, to_redis};
pub(crate) use foreign::Foreign;
use io::Io;

/// One connection of the `redis` crate.
#[derive(Debug)]
pub(crate) struct RedisConnection {
    place: Arc<str>,
    connection: MultiplexedConnection,
    io: Io,
}

impl RedisConnection {
    /// Tells whether the connection is known to be lost.
    pub(crate) fn is_closed(&self) -> bool {
        self.io.is_closed()
    }

    /// Runs a batch, once.
    pub(crate) async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        if self.is_closed() {
            let gone = std::io::Error::from(std::io::ErrorKind::NotConnected);
            return Err(DriverError::unavailable(&self.place, gone));
        }
        let _call = self.io.call();
        let replies = send(self.connection.clone(), batch).await;
        replies.map_err(|error| DriverError::outcome_unknown(&self.place, error))
    }
}

/// What can send commands: a connection, a connection manager.
pub(crate) trait Sender {
    fn one(
        &mut self,
        command: &redis::Cmd,
    ) -> impl Future<Output = redis::RedisResult<redis::Value>> + Send;

    fn many(
        &mut self,
        pipeline: &Pipeline,
    ) -> impl Future<Output = redis::RedisResult<Vec<redis::Value>>> + Send;
}

async fn send(mut to: impl Sender, batch: &Batch) -> redis::RedisResult<Vec<Value>> {
    let mut commands = batch.commands().map(to_redis);
    if batch.len() <= 1 {
        return match commands.next() {
            Some(command) => Ok(vec![from_redis(to.one(&command).await?)]),
            None => Ok(Vec::new()),
        };
    }
    let mut pipeline = Pipeline::with_capacity(batch.len());
    for command in commands {
        pipeline.add_command(command);
    }
    Ok(to
        .many(&pipeline)
        .await?
        .into_iter()
        .map(from_redis)
        .collect())
}

impl Sender for MultiplexedConnection {
    async fn one(&mut self, command: &redis::Cmd) -> redis::RedisResult<redis::Value> {
        self.send_packed_command(command).await
    }

    async fn many(&mut self, pipeline: &Pipeline) -> redis::RedisResult<Vec<redis::Value>> {
        self.send_packed_commands(pipeline, 0, pipeline.len()).await
    }
}
