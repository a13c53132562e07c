//! Connections to a Redis server.

use std::sync::Arc;
use std::time::Duration;

use crate::driver::redis_rs::RedisConnection;
use crate::driver::{Batch, Driver, DriverError, Value};

/// A connection that all parts of a backend share; cheap to clone.
#[derive(Clone, Debug)]
pub struct Connection {
    driver: Arc<dyn Driver>,
}

impl Connection {
    /// Connects to `host:port` without TLS or credentials.
    ///
    /// # Errors
    ///
    /// [`DriverError::Unavailable`] or [`DriverError::Refused`].
    pub async fn open(address: &str) -> Result<Self, DriverError> {
        let place: Arc<str> = address.into();
        let unavailable = |error: std::io::Error| DriverError::Unavailable {
            place: Arc::clone(&place),
            cause: Arc::new(error),
        };
        let stream = tokio::net::TcpStream::connect(address)
            .await
            .map_err(unavailable)?;
        stream.set_nodelay(true).map_err(unavailable)?;
        let login = redis::RedisConnectionInfo::default().set_skip_set_lib_name();
        let timeout = Some(Duration::from_secs(10));
        let driver = RedisConnection::open(Arc::clone(&place), stream, &login, timeout).await?;
        Ok(Self::over(Arc::new(driver)))
    }

    /// Uses `driver`, however it was made.
    #[must_use]
    pub fn over(driver: Arc<dyn Driver>) -> Self {
        Self { driver }
    }

    /// Runs the commands of `batch` in one round trip, or two when the server lacks one of its scripts.
    ///
    /// # Errors
    ///
    /// As [`Driver::run`].
    pub async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        crate::driver::run_scripts(&*self.driver, batch).await
    }
}
