//! Connections to a Redis server.

mod endpoint;
pub(crate) mod keepalive;
mod link;
mod outage;
mod reconnect;
mod server;
#[cfg(feature = "redis")]
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use resque_core::{Error, Result, SharedClock};

use crate::Config;
#[cfg(feature = "redis")]
use crate::driver::redis_rs::Foreign;
use crate::driver::{self, Batch, Driver, DriverError, Value};

pub(crate) use endpoint::{Configured, Endpoint, Listener};
pub(crate) use link::Link;
pub(crate) use outage::Outage;
use reconnect::Reconnecting;
pub(crate) use reconnect::is_useless;
pub use server::{MINIMUM, Server, Version};
#[cfg(feature = "redis")]
pub(crate) use stream::open_stream;

/// What messages call a server that only the handed-in connection knows.
#[cfg(feature = "redis")]
const GIVEN: &str = "the server of the given connection";

/// A connection that any number of tasks share; cheap to clone.
///
/// Concurrent calls are pipelined. A lost connection is made again at the next call; until that
/// works calls fail at once. Nothing is ever sent twice.
#[derive(Clone, Debug)]
pub struct Connection {
    driver: Arc<dyn Driver>,
    place: Arc<str>,
    origin: Option<Origin>,
    /// Whether somebody was warned of this server; shared by all connections to it.
    warned: Arc<AtomicBool>,
}

/// What further connections of the same kind are made from.
#[derive(Clone, Debug)]
struct Origin {
    endpoint: Endpoint,
    clock: SharedClock,
}

impl Connection {
    /// Connects to the server that `config` describes and looks at what it is.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] for a part of `config` that makes no sense, [`Error::Unavailable`]
    /// if the server cannot be reached, [`Error::Rejected`] if it does not let us in or is older
    /// than [`MINIMUM`].
    pub async fn open(config: &Config, clock: SharedClock) -> Result<Self> {
        let connection = Self::lazy(config, clock)?;
        connection.check_server().await?;
        Ok(connection)
    }

    /// Prepares a connection to the server that `config` describes; the first call makes it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] for a part of `config` that makes no sense.
    pub fn lazy(config: &Config, clock: SharedClock) -> Result<Self> {
        Ok(Self::to(Endpoint::configured(config)?, clock))
    }

    /// Uses a client of the `redis` crate, with its own address, login and TLS.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn from_redis_client(client: redis::Client, clock: SharedClock) -> Self {
        Self::to(Endpoint::redis_client(client), clock)
    }

    /// Uses a connection of the `redis` crate, and its response timeout. When it is lost it stays
    /// lost: prefer a client or a connection manager.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn from_redis_connection(connection: redis::aio::MultiplexedConnection) -> Self {
        Self::over(GIVEN, Arc::new(Foreign::new(GIVEN, connection)))
    }

    /// Uses a connection manager of the `redis` crate, and its reconnecting and timeouts.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn from_redis_manager(manager: redis::aio::ConnectionManager) -> Self {
        Self::over(GIVEN, Arc::new(Foreign::new(GIVEN, manager)))
    }

    /// Uses a client of the `fred` crate, connected by its owner, and its way of reconnecting; ours
    /// is only the response timeout of 10 s. Further connections, as for waiting, are made with its
    /// configuration.
    #[cfg(feature = "fred")]
    #[must_use]
    pub fn from_fred_client(client: &fred::clients::Client, clock: SharedClock) -> Self {
        let endpoint = Endpoint::fred_client(client);
        let place = Arc::clone(endpoint.place());
        let driver = driver::fred::Foreign::new(&place, client, crate::config::RESPONSE_TIMEOUT);
        Self {
            driver: Arc::new(driver),
            place,
            origin: Some(Origin { endpoint, clock }),
            warned: Arc::default(),
        }
    }

    /// Uses `driver`, however it was made; `place` names its server in messages.
    #[must_use]
    pub fn over(place: &str, driver: Arc<dyn Driver>) -> Self {
        Self {
            driver,
            place: place.into(),
            origin: None,
            warned: Arc::default(),
        }
    }

    fn to(endpoint: Endpoint, clock: SharedClock) -> Self {
        let driver = Reconnecting::new(endpoint.clone(), Arc::clone(&clock));
        Self {
            driver: Arc::new(driver),
            place: Arc::clone(endpoint.place()),
            origin: Some(Origin { endpoint, clock }),
            warned: Arc::default(),
        }
    }

    /// Prepares one more connection to the same server. A single connection that was handed in is
    /// shared instead.
    #[must_use]
    pub fn separate(&self) -> Self {
        match &self.origin {
            Some(Origin { endpoint, clock }) => Self {
                warned: Arc::clone(&self.warned),
                ..Self::to(endpoint.clone(), Arc::clone(clock))
            },
            None => self.clone(),
        }
    }

    /// Returns the server's place as shown in messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Runs the commands of `batch` in one round trip, or two when the server lacks one of its
    /// scripts.
    ///
    /// # Errors
    ///
    /// As [`Driver::run`].
    pub async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        driver::run_scripts(&*self.driver, batch).await
    }

    /// Asks the server for its version and settings; refuses one that is too old and warns of one
    /// that may throw jobs away.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the server is older than [`MINIMUM`] or refuses the login,
    /// [`Error::Unavailable`] and [`Error::OutcomeUnknown`] if it cannot be asked.
    pub async fn check_server(&self) -> Result<Server, Error> {
        let server = Server::ask(self).await?;
        if let Some(policy) = server.evicts()
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            server::warn_of_eviction(&self.place, policy);
        }
        server.check(&self.place)?;
        Ok(server)
    }

    /// Returns what further connections are made from, if more can be made.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.origin.as_ref().map(|origin| &origin.endpoint)
    }
}
