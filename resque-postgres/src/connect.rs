//! Connections to a Postgres server.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use resque_core::{Error, Result, SharedClock};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::{Config, place};
use crate::refusal::{Refused, Stage, is_about_rows, refused};
use crate::session::{Manner, Sessions};

/// A connection that has been idle for longer is asked whether it still lives before it is used.
const FRESH: Duration = Duration::from_secs(1);

/// A few connections that any number of tasks share.
///
/// Every call is one statement, which is a transaction of its own, and is sent once. (The driver's
/// pool would send a ping behind every statement.)
pub(crate) struct Connections {
    source: Source,
    pub(crate) settings: Settings,
    /// The connection that was used last is at the end.
    idle: Mutex<Vec<Idle>>,
    permits: Semaphore,
    /// Grows with each broken connection: the others may be broken too.
    breaks: AtomicU64,
}

/// What does not change.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) clock: SharedClock,
    pub(crate) manner: Manner,
    place: Arc<str>,
}

enum Source {
    Own,
    Pool(PgPool),
}

struct Idle {
    connection: PgConnection,
    since: Duration,
    breaks: u64,
}

/// A connection for one statement. It is closed unless it is handed back.
struct Lease<'a> {
    connection: Leased,
    _permit: Option<SemaphorePermit<'a>>,
}

enum Leased {
    Own(Box<PgConnection>),
    Pooled(PoolConnection<Postgres>),
}

impl Settings {
    pub(crate) fn new(config: Config, clock: SharedClock) -> Self {
        let mut settings = Self {
            place: place(&config.options).into(),
            manner: Manner::Alone,
            config,
            clock,
        };
        if settings.config.sessions == Some(Sessions::Shared) {
            settings.work_in(Sessions::Shared, Manner::Pooled);
        }
        settings
    }

    /// Sends statements in this manner from now on. Nobody can listen in a session that is lent.
    pub(crate) fn work_in(&mut self, sessions: Sessions, manner: Manner) {
        self.manner = manner;
        self.config.listen &= sessions == Sessions::Own;
    }

    /// The server's place, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The error of a call.
    pub(crate) fn refused(&self, what: &str, stage: Stage, error: sqlx::Error) -> Error {
        let at = (self.place(), self.config.namespace());
        refused(what, at, stage, error)
    }

    /// Opens a connection of its own.
    pub(crate) async fn dial(&self, what: &str) -> Result<PgConnection> {
        let connection = self.soon(what, self.config.options.connect()).await?;
        connection.map_err(|error| self.refused(what, Stage::Connecting, error))
    }

    /// Waits for a part of connecting, as long as that may take.
    pub(crate) async fn soon<T>(
        &self,
        what: &str,
        part: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<sqlx::Result<T>> {
        let limit = self.config.connect_timeout;
        tokio::select! {
            biased;
            outcome = part => Ok(outcome),
            () = self.clock.sleep(limit) => {
                let what = format!("{what} on Postgres at {}", self.place());
                Err(Error::unavailable(what, format!("no connection after {limit:?}")))
            }
        }
    }
}

impl Connections {
    /// Connections of our own, opened when they are needed.
    pub(crate) fn own(settings: Settings) -> Self {
        Self::new(Source::Own, settings)
    }

    /// Connections that are borrowed from `pool`.
    pub(crate) fn borrowed(pool: PgPool, settings: Settings) -> Self {
        Self::new(Source::Pool(pool), settings)
    }

    fn new(source: Source, settings: Settings) -> Self {
        let count = usize::try_from(settings.config.max_connections).unwrap_or(usize::MAX);
        Self {
            source,
            settings,
            idle: Mutex::default(),
            permits: Semaphore::new(count.min(Semaphore::MAX_PERMITS)),
            breaks: AtomicU64::new(0),
        }
    }

    /// Sends one statement and takes all rows of its answer, which have come when it is committed.
    pub(crate) async fn rows(
        &self,
        what: &str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>> {
        let rows = self.ask(what, query).await;
        rows.map_err(|refused| refused.error)
    }

    /// Sends one statement whose answer is exactly one row.
    pub(crate) async fn row(
        &self,
        what: &str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<PgRow> {
        let row = self.ask_for_one(what, query).await;
        row.map_err(|refused| refused.error)
    }

    /// What `rows` does, for a caller that can do with a part of it.
    pub(crate) async fn ask(
        &self,
        what: &str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, Refused> {
        let mut lease = self.lease(what).await?;
        let limit = self.settings.config.response_timeout;
        let answer = tokio::select! {
            biased;
            answer = self.settings.manner.send(lease.get(), query) => answer,
            () = self.settings.clock.sleep(limit) => {
                let what = format!("{what} on Postgres at {}", self.settings.place());
                return Err(Error::outcome_unknown(what, format!("no answer after {limit:?}")).into());
            }
        };
        match answer {
            Ok(rows) => {
                self.give_back(lease);
                Ok(rows)
            }
            Err(error) => {
                if !matches!(error, sqlx::Error::Database(_)) {
                    self.breaks.fetch_add(1, Ordering::Relaxed);
                }
                let divisible = is_about_rows(&error);
                let error = self.settings.refused(what, Stage::Asking, error);
                Err(Refused { error, divisible })
            }
        }
    }

    /// What `row` does, for a caller that can do with a part of it.
    pub(crate) async fn ask_for_one(
        &self,
        what: &str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<PgRow, Refused> {
        let row = self.ask(what, query).await?.pop();
        row.ok_or_else(|| {
            let error = sqlx::Error::RowNotFound;
            self.settings.refused(what, Stage::Asking, error).into()
        })
    }

    async fn lease(&self, what: &str) -> Result<Lease<'_>> {
        if let Source::Pool(pool) = &self.source {
            let connection = pool.acquire().await;
            let connection = connection
                .map_err(|error| self.settings.refused(what, Stage::Connecting, error))?;
            return Ok(Lease {
                connection: Leased::Pooled(connection),
                _permit: None,
            });
        }
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.ok();
        let connection = match self.live().await {
            Some(connection) => connection,
            None => self.settings.dial(what).await?,
        };
        Ok(Lease {
            connection: Leased::Own(Box::new(connection)),
            _permit: permit,
        })
    }

    /// An idle connection that answers, if there is one.
    async fn live(&self) -> Option<PgConnection> {
        loop {
            let mut idle = self.idle().pop()?;
            let age = self.settings.clock.monotonic().saturating_sub(idle.since);
            if idle.breaks == self.breaks.load(Ordering::Relaxed) && age < FRESH {
                return Some(idle.connection);
            }
            let limit = self.settings.config.connect_timeout;
            let lives = tokio::select! {
                biased;
                answer = idle.connection.ping() => answer.is_ok(),
                () = self.settings.clock.sleep(limit) => false,
            };
            if lives {
                return Some(idle.connection);
            }
            // What became of this one has most likely become of all that are as old: asking each of
            // them would take as long again.
            self.idle().clear();
        }
    }

    fn give_back(&self, lease: Lease<'_>) {
        if let Leased::Own(connection) = lease.connection {
            self.idle().push(Idle {
                connection: *connection,
                since: self.settings.clock.monotonic(),
                breaks: self.breaks.load(Ordering::Relaxed),
            });
        }
    }

    /// The lock is never held while waiting.
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    fn get(&mut self) -> &mut PgConnection {
        match &mut self.connection {
            Leased::Own(connection) => connection,
            Leased::Pooled(connection) => connection,
        }
    }
}

/// The options with which the connections of a pool are made.
pub(crate) fn options_of(pool: &PgPool) -> PgConnectOptions {
    PgConnectOptions::clone(&pool.connect_options())
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("place", &self.settings.place)
            .field("namespace", &self.settings.config.namespace())
            .finish_non_exhaustive()
    }
}
