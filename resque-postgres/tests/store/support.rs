//! A schema of its own for each test, and a way past the backend.

use std::time::{Duration, SystemTime};

use resque_core::{Backend, Enqueue, Exchange, QueueName, Settlement, WorkerId};
use resque_postgres::{Config, PostgresBackend};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use url::Url;

use crate::own_schema::OwnSchema;

/// Nothing takes as long as this; what does hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Describes a server whose sessions have the name by which tests find them, whatever `PGAPPNAME` says.
pub(crate) fn config(url: &str) -> Config {
    let mut url = Url::parse(url).expect("a URL");
    url.query_pairs_mut()
        .append_pair("application_name", "resque");
    Config::parse(url.as_str()).expect("a URL")
}

/// A schema and what is in it.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) backend: Backend,
    pub(crate) now: SystemTime,
    url: String,
    /// Drops it.
    _schema: OwnSchema,
}

impl World {
    /// An empty schema on the shared server.
    pub(crate) async fn new() -> Self {
        let server = resque_testserver::shared_postgres().expect("a Postgres server");
        Self::on(server.url()).await
    }

    /// An empty schema on a server of the test's own.
    pub(crate) async fn on(url: &str) -> Self {
        Self::named(url, &format!("store {:016x}", fastrand::u64(..))).await
    }

    /// An empty schema of this name.
    pub(crate) async fn named(url: &str, name: &str) -> Self {
        let config = config(url);
        let config = config.with_namespace(name).expect("a name");
        let schema = OwnSchema::of(config.clone(), url);
        let builder = PostgresBackend::builder(config.clone()).migrate(true);
        let backend = builder.connect().await.expect("a backend");
        let now = backend.workers().server_time().await.expect("a time");
        Self {
            config,
            backend,
            now,
            url: url.to_owned(),
            _schema: schema,
        }
    }

    /// A second backend on the same schema.
    pub(crate) async fn twin(&self) -> Backend {
        self.backend
            .connect_again()
            .await
            .expect("a second backend")
    }

    /// A connection past the backend.
    pub(crate) async fn raw(&self) -> Raw {
        Raw {
            connection: self.connection().await,
            schema: format!("\"{}\"", self.config.namespace()),
        }
    }

    /// A connection of the application, for transactions of its own.
    pub(crate) async fn connection(&self) -> PgConnection {
        let options: PgConnectOptions = self.url.parse().expect("a URL");
        // Poolers let in nobody who asks for these.
        let connection = PgConnection::connect_with(&options.extra_float_digits(None)).await;
        connection.expect("a connection")
    }

    /// A statement that is written for the schema `resque`.
    pub(crate) fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        let schema = self.config.namespace().replace('"', "\"\"");
        AssertSqlSafe(text.replace("resque.", &format!("\"{schema}\".")))
    }

    /// Pushes payloads into a queue.
    pub(crate) async fn push(&self, to: &str, payloads: &[&str]) {
        push(&self.backend, to, payloads).await;
    }

    /// Registers a worker.
    pub(crate) async fn register(&self, number: usize) -> WorkerId {
        let id = slot(number);
        let registered = self
            .backend
            .workers()
            .register(std::slice::from_ref(&id), self.now)
            .await;
        registered.expect("to be registered");
        id
    }

    /// One exchange.
    pub(crate) async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &str,
    ) -> Exchange {
        let from = from.parse().expect("a list of queues");
        let exchanged = self
            .backend
            .queues()
            .exchange(done, want, &from, self.now)
            .await;
        exchanged.expect("an answer")
    }

    /// The payloads that wait in a queue.
    pub(crate) async fn waiting(&self, queue: &str) -> Vec<String> {
        let peeked = self
            .backend
            .queues()
            .peek(&name(queue), resque_core::Page::ALL)
            .await;
        let payloads = peeked.expect("an answer").into_iter();
        payloads
            .map(|payload| payload.to_text_lossy().into_owned())
            .collect()
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(HANGS, waiting).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

/// A connection past the backend.
pub(crate) struct Raw {
    connection: PgConnection,
    schema: String,
}

impl Raw {
    /// Executes statements that are written for the schema `resque`.
    pub(crate) async fn run(&mut self, sql: &str) {
        let sql = sql.replace("resque.", &format!("{}.", self.schema));
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        done.await.expect("to be executed");
    }

    /// A number that a query answers.
    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        let sql = sql.replace("resque.", &format!("{}.", self.schema));
        // As text, which leaves nothing prepared behind.
        let row: PgRow = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await
            .expect("a row");
        row.get(0)
    }
}

pub(crate) async fn push(backend: &Backend, to: &str, payloads: &[&str]) {
    let jobs = payloads.iter().map(|payload| job(to, payload));
    let pushed = backend.queues().push(&jobs.collect::<Vec<_>>()).await;
    pushed.expect("to be pushed");
}

/// The name of a role that nobody else on the server has.
pub(crate) fn role(kind: &str) -> String {
    format!("{kind}_{:016x}", fastrand::u64(..))
}

pub(crate) fn job(to: &str, payload: &str) -> Enqueue {
    Enqueue::new(name(to), payload.to_owned())
}

pub(crate) fn name(queue: &str) -> QueueName {
    QueueName::new(queue).expect("a name")
}

pub(crate) fn slot(number: usize) -> WorkerId {
    WorkerId::compose("host", "a1b2c", 4711, number, "*").expect("an id")
}

/// The payloads of what was given out.
pub(crate) fn given(exchange: &Exchange) -> Vec<String> {
    let payloads = exchange.reserved.iter().map(|job| &job.payload);
    payloads
        .map(|payload| payload.to_text_lossy().into_owned())
        .collect()
}
