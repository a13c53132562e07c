//! The `redis` crate behind the seam.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::batch::CommandRef;
use super::value::double_text;
use super::{Batch, Driver, DriverError, ServerError, Value};

/// One connection of the `redis` crate.
#[derive(Clone, Debug)]
pub(crate) struct RedisConnection {
    place: Arc<str>,
    connection: MultiplexedConnection,
    closed: Arc<AtomicBool>,
}

impl RedisConnection {
    /// Logs in over `stream` and starts the task that moves bytes.
    pub(crate) async fn open(
        place: Arc<str>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        login: &RedisConnectionInfo,
        response_timeout: Option<Duration>,
    ) -> Result<Self, DriverError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(response_timeout);
        let opened = MultiplexedConnection::new_with_config(login, stream, config).await;
        let (connection, io) = opened.map_err(|error| login_error(&place, error))?;
        let closed = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closed);
        tokio::spawn(async move {
            io.await;
            seen.store(true, Ordering::Release);
        });
        Ok(Self {
            place,
            connection,
            closed,
        })
    }

    fn unknown(&self, error: redis::RedisError) -> DriverError {
        DriverError::OutcomeUnknown {
            place: Arc::clone(&self.place),
            cause: Arc::new(error),
        }
    }
}

#[async_trait]
impl Driver for RedisConnection {
    async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(DriverError::Unavailable {
                place: Arc::clone(&self.place),
                cause: Arc::new(std::io::Error::from(std::io::ErrorKind::NotConnected)),
            });
        }
        let mut connection = self.connection.clone();
        let mut commands = batch.commands().map(to_cmd);
        if batch.len() == 1 {
            let command = commands.next().unwrap_or_default();
            let reply = connection.send_packed_command(&command).await;
            return Ok(vec![from_redis(
                reply.map_err(|error| self.unknown(error))?,
            )]);
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for command in commands {
            pipeline.add_command(command);
        }
        let replies = connection
            .send_packed_commands(&pipeline, 0, batch.len())
            .await;
        Ok(replies
            .map_err(|error| self.unknown(error))?
            .into_iter()
            .map(from_redis)
            .collect())
    }
}

fn login_error(place: &Arc<str>, error: redis::RedisError) -> DriverError {
    let place = Arc::clone(place);
    match error.code() {
        Some(code) => {
            let cause =
                ServerError::from_line(format!("{code} {}", error.detail().unwrap_or_default()));
            if cause.is_transient() {
                DriverError::Unavailable {
                    place,
                    cause: Arc::new(cause),
                }
            } else {
                DriverError::Refused { place, cause }
            }
        }
        None => DriverError::Unavailable {
            place,
            cause: Arc::new(error),
        },
    }
}

fn to_cmd(command: CommandRef<'_>) -> Cmd {
    let bytes = command.args().map(<[u8]>::len).sum();
    let mut cmd = Cmd::with_capacity(command.len(), bytes);
    for arg in command.args() {
        cmd.arg(arg);
    }
    cmd
}

fn from_redis(value: redis::Value) -> Value {
    use redis::Value as Redis;
    match value {
        Redis::Int(number) => Value::Int(number),
        Redis::BulkString(bytes) => Value::Bulk(bytes.into()),
        Redis::SimpleString(text) => Value::Status(text),
        Redis::Okay => Value::Status("OK".to_owned()),
        Redis::Array(values) | Redis::Set(values) => from_sequence(values),
        Redis::Push { data, .. } => Value::Array(data.into_iter().map(from_redis).collect()),
        Redis::Map(pairs) => Value::Array(
            pairs
                .into_iter()
                .flat_map(|(key, value)| [from_redis(key), from_redis(value)])
                .collect(),
        ),
        Redis::Attribute { data, .. } => from_redis(*data),
        Redis::Double(number) => Value::Bulk(double_text(number)),
        Redis::Boolean(yes) => Value::Int(yes.into()),
        Redis::VerbatimString { text, .. } => Value::Bulk(text.into()),
        Redis::BigNumber(number) => Value::Bulk(number.into()),
        Redis::ServerError(error) => {
            let line = match error.details() {
                Some(details) => format!("{} {details}", error.code()),
                None => error.code().to_owned(),
            };
            Value::Error(ServerError::from_line(line))
        }
        Redis::Nil | _ => Value::Nil,
    }
}

/// Turns an array into ours; pairs that end in a double, as only RESP3 nests them, become a flat list.
fn from_sequence(values: Vec<redis::Value>) -> Value {
    let scored = |value: &redis::Value| matches!(value, redis::Value::Array(pair) if matches!(pair[..], [_, redis::Value::Double(_)]));
    if values.is_empty() || !values.iter().all(scored) {
        return Value::Array(values.into_iter().map(from_redis).collect());
    }
    let pairs = values
        .into_iter()
        .filter_map(|pair| pair.into_sequence().ok());
    Value::Array(pairs.flatten().map(from_redis).collect())
}

#[cfg(test)]
mod tests {
    use redis::Value as Redis;

    use super::*;

    fn bulk(text: &'static str) -> Value {
        Value::Bulk(text.into())
    }

    #[test]
    fn resp3_shapes_become_those_of_resp2() {
        let text = |text: &str| Redis::BulkString(text.into());
        for (given, expected) in [
            (Redis::Okay, Value::Status("OK".into())),
            (Redis::Boolean(true), Value::Int(1)),
            (Redis::Double(1.5), bulk("1.5")),
            (
                Redis::Map(vec![(text("k"), Redis::Int(1))]),
                Value::Array(vec![bulk("k"), Value::Int(1)]),
            ),
            (Redis::Set(vec![text("m")]), Value::Array(vec![bulk("m")])),
            (
                Redis::Array(vec![Redis::Array(vec![text("m"), Redis::Double(2.0)])]),
                Value::Array(vec![bulk("m"), bulk("2")]),
            ),
            (
                Redis::Array(vec![Redis::Array(vec![text("m"), text("2")])]),
                Value::Array(vec![Value::Array(vec![bulk("m"), bulk("2")])]),
            ),
            (Redis::Array(vec![]), Value::Array(vec![])),
        ] {
            assert_eq!(from_redis(given), expected);
        }
    }
}
