//! Enqueueing in a transaction of the application.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use resque_core::{Client, Enqueue, Enqueued, Error, Job, NewJob, Pushed, Result};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Decode, Postgres, Row as _, Type};

use crate::config::Config;
use crate::connect::Settings;
use crate::push::Sorted;
use crate::refusal::Stage;
use crate::session::Manner;
use crate::stamp::Stamp;

/// Enqueues jobs in the application's own transactions: a job exists if and only if its transaction
/// commits, and wakes a worker then. Cloning is cheap.
///
/// A connection is whatever `sqlx` lets be one: a `&mut Transaction`, a `&mut PoolConnection`, a
/// `&mut PgConnection`; outside a transaction a job is there at once. Its role needs the rights of a
/// producer on the schema.
///
/// ```no_run
/// use resque_core::{Client, Job, JobContext, JobResult};
/// use resque_postgres::{Config, Outbox, PostgresBackend};
/// use serde::{Deserialize, Serialize};
/// use sqlx::PgPool;
///
/// #[derive(Serialize, Deserialize)]
/// struct Confirm { order: i64 }
///
/// impl Job for Confirm {
///     const CLASS: &'static str = "Confirm";
///     const QUEUE: &'static str = "mail";
///     async fn perform(self, _ctx: &JobContext) -> JobResult { Ok(()) }
/// }
///
/// # async fn example(pool: PgPool) -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::parse("postgres://localhost/shop")?;
/// let backend = PostgresBackend::builder(config.clone()).connect().await?;
/// let outbox = Outbox::new(Client::new(backend), &config);
///
/// let mut transaction = pool.begin().await?;
/// sqlx::query("insert into orders (id) values (44)").execute(&mut *transaction).await?;
/// outbox.enqueue_in(&mut transaction, &Confirm { order: 44 }).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A job is checked, encoded and let through by its hooks as by its client, with the client's
/// errors, before anything is sent. What the server refuses afterwards is [`Error::Rejected`], or
/// [`Error::Corrupt`] where the tables are missing; as with any statement, nothing but a rollback is
/// then left of the transaction. A connection that breaks is [`Error::OutcomeUnknown`], although
/// what was done in a transaction is undone by that.
///
/// # Hooks
///
/// Hooks run as the client runs them, within the call and outside the transaction. `after_enqueue`
/// hooks run when the job is in the transaction, which may still be rolled back.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    settings: Settings,
}

impl Outbox {
    /// Enqueues into the schema that `config` names, with the hooks of `client`. Nothing is sent.
    #[must_use]
    pub fn new(client: Client, config: &Config) -> Self {
        let settings = Settings::new(config.clone(), Arc::clone(client.clock()));
        let shared = Shared { client, settings };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Puts a job into the queue of its class.
    ///
    /// # Errors
    ///
    /// As for [`Outbox`].
    pub fn enqueue_in<'a, J: Job>(
        &'a self,
        connection: &'a mut PgConnection,
        job: &J,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, J> {
        self.submit_in(connection, NewJob::of(job))
    }

    /// Puts a job into this queue.
    ///
    /// # Errors
    ///
    /// As for [`Outbox`].
    pub fn enqueue_in_to<'a, J: Job>(
        &'a self,
        connection: &'a mut PgConnection,
        queue: &str,
        job: &J,
    ) -> impl Future<Output = Result<Enqueued>> + Send + use<'a, J> {
        self.submit_in(connection, NewJob::of(job).to(queue))
    }

    /// Puts a job into its queue as its description says: into another one, later, or known by its
    /// class name only.
    ///
    /// # Errors
    ///
    /// As for [`Outbox`].
    pub async fn submit_in(&self, connection: &mut PgConnection, job: NewJob) -> Result<Enqueued> {
        let enqueued = self.submit_all_in(connection, vec![job]).await?;
        enqueued.first().copied().ok_or_else(|| {
            let error = sqlx::Error::RowNotFound;
            self.refused("push", error)
        })
    }

    /// Puts many jobs of any classes into their queues, in order and in one statement.
    ///
    /// # Errors
    ///
    /// As for [`Outbox`].
    pub async fn submit_all_in(
        &self,
        connection: &mut PgConnection,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Enqueued>> {
        let now = self.time(&mut *connection);
        let prepared = self.shared.client.prepare(jobs, now).await?;
        let pushed = self.push_in(connection, prepared.items()).await?;
        prepared.pushed(&pushed).await
    }

    /// Puts payloads into queues as they are, in order and in one statement; no hooks run.
    ///
    /// # Errors
    ///
    /// As for [`Outbox`].
    pub async fn push_in(
        &self,
        connection: &mut PgConnection,
        batch: &[Enqueue],
    ) -> Result<Vec<Pushed>> {
        const WHAT: &str = "push";
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let sorted = Sorted::new(batch)?;
        let text = self.shared.settings.config.schema.sql(sorted.text());
        let query = sqlx::query(AssertSqlSafe(text));
        let lengths = self.ask(WHAT, connection, sorted.bind(query)).await?;
        Ok(sorted.answers(batch, lengths))
    }

    /// The server's time, asked on the same connection: another one might not be to be had while
    /// the application holds this one.
    async fn time(&self, connection: &mut PgConnection) -> Result<SystemTime> {
        const WHAT: &str = "ask for the time";
        let query = sqlx::query("select clock_timestamp()");
        Ok(self.ask::<Stamp>(WHAT, connection, query).await?.time())
    }

    /// Sends a statement whose answer is one value.
    async fn ask<T>(
        &self,
        what: &str,
        connection: &mut PgConnection,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<T>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        // What stays prepared in a session that somebody else has next is in the way there.
        let query = query.persistent(self.shared.settings.manner != Manner::Pooled);
        // Outside a transaction only the whole answer is a commit: the row alone comes before it.
        let rows = query.fetch_all(connection).await;
        let value = rows.and_then(|rows| match rows.first() {
            Some(row) => row.try_get(0),
            None => Err(sqlx::Error::RowNotFound),
        });
        value.map_err(|error| self.refused(what, error))
    }

    fn refused(&self, what: &str, error: sqlx::Error) -> Error {
        self.shared.settings.refused(what, Stage::Asking, error)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("config", &self.shared.settings.config)
            .field("client", &self.shared.client)
            .finish()
    }
}
