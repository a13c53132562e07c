//! What connections are made from, and making them.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use resque_core::Result;

use super::Link;
use crate::config::{CONNECT_TIMEOUT, Config, DriverKind, Protocol, RESPONSE_TIMEOUT};
#[cfg(feature = "fred")]
use crate::driver::fred::FredConnection;
#[cfg(feature = "redis")]
use crate::driver::redis_rs::RedisConnection;
use crate::driver::{Batch, DriverError, Value};

/// Hears what the server announces on a connection for waiting.
pub(crate) trait Listener: Send + Sync + 'static {
    /// A key was written, deleted or expired.
    fn changed(&self, key: &[u8]);

    /// Any key may have changed.
    fn changed_all(&self);

    /// The connection is gone and with it everything announced from now on.
    fn lost(&self);
}

/// A server and the way to log in there.
#[derive(Clone)]
pub(crate) struct Endpoint {
    place: Arc<str>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Configured(Arc<Configured>),
    #[cfg(feature = "redis")]
    RedisClient(Box<redis::Client>),
    #[cfg(feature = "fred")]
    FredClient(Box<fred::types::config::Config>),
}

/// A configuration whose files are read.
pub(crate) struct Configured {
    pub(crate) config: Config,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
}

impl Endpoint {
    /// Reads the files that `config` names.
    pub(crate) fn configured(config: &Config) -> Result<Self> {
        config.check()?;
        #[cfg(not(feature = "tls"))]
        if config.tls.is_some() {
            let reason = "this program was built without the feature `tls` of resque-redis";
            return Err(crate::config::invalid("TLS", reason));
        }
        let configured = Configured {
            config: config.clone(),
            #[cfg(feature = "tls")]
            tls: config
                .tls
                .as_ref()
                .map(crate::config::Tls::load)
                .transpose()?,
        };
        Ok(Self {
            place: config.place().into(),
            source: Source::Configured(Arc::new(configured)),
        })
    }

    /// Connects as a client of the `redis` crate.
    #[cfg(feature = "redis")]
    pub(crate) fn redis_client(client: redis::Client) -> Self {
        let info = client.get_connection_info();
        let place = format!("{}/{}", info.addr(), info.redis_settings().db());
        Self {
            place: place.into(),
            source: Source::RedisClient(Box::new(client)),
        }
    }

    /// Connects as a client of the `fred` crate does.
    #[cfg(feature = "fred")]
    pub(crate) fn fred_client(client: &fred::clients::Client) -> Self {
        use fred::interfaces::ClientLike;
        let config = client.client_config();
        let servers: Vec<String> = config
            .server
            .hosts()
            .iter()
            .map(ToString::to_string)
            .collect();
        let place = format!(
            "{}/{}",
            servers.join(","),
            config.database.unwrap_or_default()
        );
        Self {
            place: place.into(),
            source: Source::FredClient(Box::new(config)),
        }
    }

    /// The server's place as shown in messages.
    pub(crate) fn place(&self) -> &Arc<str> {
        &self.place
    }

    /// Makes a connection: for commands, or with a listener for waiting, in RESP3.
    pub(crate) async fn dial(
        &self,
        listener: Option<Arc<dyn Listener>>,
    ) -> Result<Link, DriverError> {
        let place = &self.place;
        match &self.source {
            Source::Configured(configured) => self.dial_configured(configured, listener).await,
            #[cfg(feature = "redis")]
            Source::RedisClient(client) => {
                let login = RedisConnection::login_like(place, client, RESPONSE_TIMEOUT, listener);
                limited(place, CONNECT_TIMEOUT, login)
                    .await
                    .map(Link::Redis)
            }
            #[cfg(feature = "fred")]
            Source::FredClient(config) => {
                let timeouts = (CONNECT_TIMEOUT, RESPONSE_TIMEOUT);
                let login = FredConnection::connect(place, *config.clone(), timeouts, listener);
                limited(place, CONNECT_TIMEOUT, login).await.map(Link::Fred)
            }
        }
    }

    /// Tells why no connection for waiting can be made, if that is known without trying.
    pub(crate) fn cannot_wait(&self) -> Option<&'static str> {
        match &self.source {
            Source::Configured(configured)
                if configured.config.protocol == Some(Protocol::Resp2) =>
            {
                Some("the connection is set to RESP2, which has no announcements")
            }
            _ => None,
        }
    }

    async fn dial_configured(
        &self,
        configured: &Configured,
        listener: Option<Arc<dyn Listener>>,
    ) -> Result<Link, DriverError> {
        let limit = configured.config.connect_timeout;
        let attempt = async {
            let link = self.login(configured, listener).await?;
            self.greet(&link, &configured.config).await?;
            Ok(link)
        };
        limited(&self.place, limit, attempt).await
    }

    async fn login(
        &self,
        configured: &Configured,
        listener: Option<Arc<dyn Listener>>,
    ) -> Result<Link, DriverError> {
        match configured.config.driver {
            #[cfg(feature = "redis")]
            DriverKind::Redis => {
                let login = RedisConnection::login(&self.place, configured, listener);
                login.await.map(Link::Redis)
            }
            #[cfg(feature = "fred")]
            DriverKind::Fred => {
                let login = FredConnection::login(&self.place, configured, listener);
                login.await.map(Link::Fred)
            }
        }
    }

    /// Chooses the database and shows our name.
    async fn greet(&self, link: &Link, config: &Config) -> Result<(), DriverError> {
        let mut batch = Batch::new();
        batch.command("SELECT").arg(config.database);
        if !config.client_name.is_empty() {
            batch
                .command("CLIENT")
                .arg("SETNAME")
                .arg(&config.client_name);
        }
        // Nothing that matters has run, whatever became of these two.
        let replies = link
            .run(&batch)
            .await
            .map_err(DriverError::before_execution)?;
        match replies.into_iter().next() {
            Some(Value::Error(error)) => Err(DriverError::turned_away(&self.place, error)),
            _ => Ok(()),
        }
    }
}

/// Gives up an attempt to connect after `limit`.
async fn limited<T>(
    place: &Arc<str>,
    limit: Duration,
    attempt: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, DriverError> {
    let late = |_| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer within {limit:?}"),
        )
    };
    match tokio::time::timeout(limit, attempt).await.map_err(late) {
        Ok(attempt) => attempt,
        Err(error) => Err(DriverError::unavailable(place, error)),
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.place).finish()
    }
}
