//! How a program gets at the backend.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use resque_core::{Backend, Connect, FailureLayout, Result, SharedClock, SystemClock};

use crate::config::Config;
use crate::connect::Connection;
use crate::store::Store;

/// Resque on a Redis server.
///
/// ```no_run
/// use resque_redis::RedisBackend;
///
/// # async fn example() -> resque_core::Result<()> {
/// let backend = RedisBackend::connect("redis://localhost:6379/0?namespace=resque").await?;
/// assert_eq!(backend.queues().info().name, "redis");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RedisBackend;

impl RedisBackend {
    /// Connects to the server that `url` names: a URL, or one of Resque's own strings,
    /// `host[:port[:db]][/namespace]`. [`Config`] has the table.
    ///
    /// # Errors
    ///
    /// As for [`RedisBackendBuilder::connect`], and [`resque_core::Error::InvalidSetting`] for a
    /// `url` that makes no sense.
    pub async fn connect(url: &str) -> Result<Backend> {
        Self::builder(Config::parse(url)?).connect().await
    }

    /// Starts from a description of the server.
    pub fn builder(config: Config) -> RedisBackendBuilder {
        let (namespace, layout) = (config.namespace().to_owned(), config.failures);
        RedisBackendBuilder::new(Source::Config(config), namespace).failures(layout)
    }

    /// Starts from a connection that was made elsewhere, in the namespace `resque`.
    pub fn over(connection: Connection) -> RedisBackendBuilder {
        RedisBackendBuilder::new(Source::Connection(connection), "resque".to_owned())
    }
}

/// The settings of a [`RedisBackend`].
#[derive(Clone)]
#[must_use]
pub struct RedisBackendBuilder {
    source: Source,
    namespace: String,
    layout: FailureLayout,
    clock: SharedClock,
}

#[derive(Clone)]
enum Source {
    Config(Config),
    Connection(Connection),
}

impl RedisBackendBuilder {
    fn new(source: Source, namespace: String) -> Self {
        Self {
            source,
            namespace,
            layout: FailureLayout::default(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Sets what all keys begin with; it may itself contain colons.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets where failures go. All processes of a fleet have to agree on it.
    pub fn failures(mut self, layout: FailureLayout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the clock that paces attempts to connect.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Connects, and looks at what the server is.
    ///
    /// # Errors
    ///
    /// [`resque_core::Error::Unavailable`] if the server cannot be reached,
    /// [`resque_core::Error::Rejected`] if it does not let us in or is too old,
    /// [`resque_core::Error::InvalidSetting`] for a setting that makes no sense.
    pub async fn connect(self) -> Result<Backend> {
        let connection = match self.source {
            Source::Config(config) => Connection::open(&config, Arc::clone(&self.clock)).await?,
            Source::Connection(connection) => {
                connection.check_server().await?;
                connection
            }
        };
        let again = Again {
            connection: connection.clone(),
            namespace: self.namespace.into(),
            layout: self.layout,
            clock: self.clock,
        };
        Ok(again.store_over(connection).with_connector(again))
    }
}

impl fmt::Debug for RedisBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackendBuilder")
            .field("namespace", &self.namespace)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// Opens further connections to the same store.
#[derive(Debug)]
struct Again {
    connection: Connection,
    namespace: Arc<str>,
    layout: FailureLayout,
    clock: SharedClock,
}

impl Again {
    fn store_over(&self, connection: Connection) -> Backend {
        let clock = Arc::clone(&self.clock);
        Backend::new(Store::new(connection, &self.namespace, self.layout, clock))
    }
}

#[async_trait]
impl Connect for Again {
    async fn connect(&self) -> Result<Backend> {
        let connection = self.connection.separate();
        connection.check_server().await?;
        Ok(self.store_over(connection))
    }
}
