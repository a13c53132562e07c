//! Making connections with the `redis` crate.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, RedisError,
};

use super::RedisConnection;
use super::convert::server_error;
use super::io::Io;
use crate::config::{Config, Protocol};
use crate::connect::{Configured, Listener, open_stream};
use crate::driver::life::Closed;
use crate::driver::{Batch, DriverError, ServerError, Value};

/// Room for every caller to leave its command at once: what waits for room is not sent together.
const QUEUE: usize = 1024;

type Heard = Option<Arc<dyn Listener>>;

impl RedisConnection {
    /// Connects and logs in; a connection with a listener speaks RESP3.
    pub(crate) async fn login(
        place: &Arc<str>,
        configured: &Configured,
        listener: Heard,
    ) -> Result<Self, DriverError> {
        let config = &configured.config;
        let stream = open_stream(configured).await;
        let stream = stream.map_err(|error| DriverError::unavailable(place, error))?;
        let resp3 = listener.is_some() || config.protocol == Some(Protocol::Resp3);
        let closed = Closed::new(listener.clone());
        let settings = settings(resp3, &closed, listener.as_ref())
            .set_response_timeout(Some(config.response_timeout));
        let info = info(config, resp3);
        let opened = MultiplexedConnection::new_with_config(&info, stream, settings).await;
        let (connection, io) = opened.map_err(|error| turned_away(place, error))?;
        let place = Arc::clone(place);
        let connection = Self {
            place,
            connection,
            io: Io::spawn(io, closed),
        };
        if !resp3 {
            connection.authenticate(config).await?;
        }
        Ok(connection)
    }

    /// Connects as `client` does. With RESP2 the end of such a connection shows only when it is
    /// used.
    pub(crate) async fn login_like(
        place: &Arc<str>,
        client: &redis::Client,
        response_timeout: Duration,
        listener: Heard,
    ) -> Result<Self, DriverError> {
        let mut info = client.get_connection_info().clone();
        if listener.is_some() {
            let redis = info.redis_settings().clone();
            info = info.set_redis_settings(redis.set_protocol(ProtocolVersion::RESP3));
        }
        let resp3 = info.redis_settings().protocol() == ProtocolVersion::RESP3;
        let client = redis::Client::open(info).map_err(|error| turned_away(place, error))?;
        let closed = Closed::new(listener.clone());
        let settings = settings(resp3, &closed, listener.as_ref())
            .set_response_timeout(Some(response_timeout));
        let opened = client
            .get_multiplexed_async_connection_with_config(&settings)
            .await;
        let connection = opened.map_err(|error| turned_away(place, error))?;
        Ok(Self {
            place: Arc::clone(place),
            connection,
            io: Io::foreign(closed),
        })
    }

    /// Logs in with RESP2. The crate would do it, but keep the server's answer to itself.
    async fn authenticate(&self, config: &Config) -> Result<(), DriverError> {
        let Some(password) = &config.password else {
            return Ok(());
        };
        let mut batch = Batch::new();
        batch.command("AUTH");
        if let Some(user) = &config.user {
            batch.arg(user);
        }
        batch.arg(password);
        let replies = self
            .run(&batch)
            .await
            .map_err(DriverError::before_execution)?;
        match replies.into_iter().next() {
            Some(Value::Error(error)) => Err(DriverError::turned_away(&self.place, error)),
            _ => Ok(()),
        }
    }
}

fn info(config: &Config, resp3: bool) -> RedisConnectionInfo {
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    if !resp3 {
        return info;
    }
    let info = info.set_protocol(ProtocolVersion::RESP3);
    let info = match &config.user {
        Some(user) => info.set_username(user),
        None => info,
    };
    match &config.password {
        Some(password) => info.set_password(password),
        None => info,
    }
}

fn settings(
    resp3: bool,
    closed: &Closed,
    listener: Option<&Arc<dyn Listener>>,
) -> AsyncConnectionConfig {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_pipeline_buffer_size(QUEUE);
    if !resp3 {
        return settings;
    }
    let (closed, listener) = (closed.clone(), listener.cloned());
    settings.set_push_sender(move |push: PushInfo| {
        match &listener {
            _ if push.kind == PushKind::Disconnection => closed.close(),
            Some(listener) if push.kind == PushKind::Invalidate => {
                invalidate(&**listener, &push.data)
            }
            _ => {}
        }
        Ok::<(), Infallible>(())
    })
}

/// Passes an announcement on, on the task that read it: nothing lies between the socket and whoever
/// waits.
fn invalidate(listener: &dyn Listener, data: &[redis::Value]) {
    let Some(redis::Value::Array(keys)) = data.first() else {
        return listener.changed_all();
    };
    for key in keys {
        if let redis::Value::BulkString(key) = key {
            listener.changed(key);
        }
    }
}

fn turned_away(place: &Arc<str>, error: RedisError) -> DriverError {
    if error.kind() == redis::ErrorKind::RESP3NotSupported {
        let cause = ServerError::from_line("ERR unknown command `HELLO`");
        return DriverError::turned_away(place, cause);
    }
    match error.code() {
        Some(code) => DriverError::turned_away(place, server_error(code, error.detail())),
        None => DriverError::unavailable(place, error),
    }
}
