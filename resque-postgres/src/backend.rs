//! How a program gets at the backend.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use resque_core::{Backend, Connect, Result, SharedClock, SystemClock};
use sqlx::postgres::PgPool;

use crate::config::Config;
use crate::connect::{Connections, Settings, options_of};
use crate::migrate::Migrator;
use crate::session;
use crate::store::Store;

/// Resque on a Postgres server.
///
/// ```no_run
/// use resque_postgres::PostgresBackend;
///
/// # async fn example() -> resque_core::Result<()> {
/// let backend = PostgresBackend::connect("postgres://localhost/shop").await?;
/// assert_eq!(backend.queues().info().name, "postgres");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PostgresBackend;

impl PostgresBackend {
    /// Connects to the database that `url` names. [`Config`] has the table.
    ///
    /// # Errors
    ///
    /// As for [`PostgresBackendBuilder::connect`], and [`resque_core::Error::InvalidSetting`] for a
    /// `url` that makes no sense.
    pub async fn connect(url: &str) -> Result<Backend> {
        Self::builder(Config::parse(url)?).connect().await
    }

    /// Starts from a description of the server.
    pub fn builder(config: Config) -> PostgresBackendBuilder {
        PostgresBackendBuilder {
            config,
            pool: None,
            migrate: false,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Starts from a pool that was made elsewhere, in the schema `resque`.
    ///
    /// Its connections serve everything but what needs one of its own: listening for new jobs, and
    /// a worker's own runtime.
    pub fn over(pool: PgPool) -> PostgresBackendBuilder {
        let mut builder = Self::builder(Config::new(options_of(&pool)));
        builder.pool = Some(pool);
        builder
    }
}

/// The settings of a [`PostgresBackend`].
#[derive(Clone)]
#[must_use]
pub struct PostgresBackendBuilder {
    config: Config,
    pool: Option<PgPool>,
    migrate: bool,
    clock: SharedClock,
}

impl PostgresBackendBuilder {
    /// Keeps everything in this schema.
    ///
    /// # Errors
    ///
    /// [`resque_core::Error::InvalidSetting`] for a name that no schema can have.
    pub fn namespace(mut self, schema: impl AsRef<str>) -> Result<Self> {
        self.config = self.config.with_namespace(schema)?;
        Ok(self)
    }

    /// Says whether connecting makes and upgrades the tables; without it that is left to
    /// `resque migrate` and [`Migrator`].
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Sets the clock that limits how long answers may take and paces attempts to listen.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Connects, finds out whether a pooler shares sessions, and looks whether the schema is of the
    /// right version.
    ///
    /// # Errors
    ///
    /// [`resque_core::Error::Unavailable`] if the server cannot be reached,
    /// [`resque_core::Error::Rejected`] if it does not let us in,
    /// [`resque_core::Error::Corrupt`] if the schema is not of the version that this library works
    /// with; the message says what to do.
    pub async fn connect(self) -> Result<Backend> {
        let (settings, mut connection) = session::open(self.config, self.clock).await?;
        let migrator = Migrator::over(settings.clone());
        if self.migrate {
            migrator.up().await?;
        }
        migrator.check(&mut connection).await?;
        let connections = match self.pool {
            Some(pool) => Connections::borrowed(pool, settings.clone()),
            None => Connections::own(settings.clone()),
        };
        let again = Again { settings };
        Ok(Backend::new(Store::new(connections)).with_connector(again))
    }
}

impl fmt::Debug for PostgresBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBackendBuilder")
            .field("config", &self.config)
            .field("migrate", &self.migrate)
            .finish_non_exhaustive()
    }
}

/// Opens further connections to the same store.
struct Again {
    settings: Settings,
}

#[async_trait]
impl Connect for Again {
    async fn connect(&self) -> Result<Backend> {
        let connections = Connections::own(self.settings.clone());
        let store = Store::new(connections);
        store.ask_time().await?;
        Ok(Backend::new(store))
    }
}

impl fmt::Debug for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Again")
            .field("config", &self.settings.config)
            .finish_non_exhaustive()
    }
}
