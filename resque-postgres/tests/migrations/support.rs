//! Schemas, and a way past the backend.

use std::time::Duration;

use resque_core::Result;
use resque_postgres::{Config, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use url::Url;

use crate::own_schema::OwnSchema;

/// A schema of the test's own on the shared server.
pub(crate) fn config(namespace: &str) -> OwnSchema {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let name = format!("{namespace} {}", resque_testserver::this_run());
    OwnSchema::of(on(server.url(), &name), server.url())
}

/// A schema on this server.
pub(crate) fn on(url: &str, namespace: &str) -> Config {
    // The name by which tests find our sessions, whatever `PGAPPNAME` says.
    let mut with_name = Url::parse(url).expect("a URL");
    with_name
        .query_pairs_mut()
        .append_pair("application_name", "resque");
    let config = Config::parse(with_name.as_str()).expect("a URL");
    // Many of them may start at once.
    let config = config.with_connect_timeout(Duration::from_secs(60));
    config.with_namespace(namespace).expect("a name")
}

/// A connection to the shared server.
pub(crate) async fn connection() -> PgConnection {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let connection = PgConnection::connect(server.url()).await;
    connection.expect("a connection")
}

/// A statement with the schema instead of `SCHEMA`.
fn sql(config: &Config, text: &str) -> AssertSqlSafe<String> {
    let schema = config.namespace().replace('"', "\"\"");
    AssertSqlSafe(text.replace("SCHEMA", &format!("\"{schema}\"")))
}

/// Executes statements.
pub(crate) async fn run_on(connection: &mut PgConnection, config: &Config, text: &str) {
    let done = sqlx::raw_sql(sql(config, text)).execute(connection).await;
    done.expect("to be executed");
}

/// Executes statements on a connection of their own.
pub(crate) async fn run(config: &Config, text: &str) {
    run_on(&mut connection().await, config, text).await;
}

/// The first column of what a query answers.
pub(crate) async fn texts(config: &Config, text: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(sql(config, text))
        .fetch_all(&mut connection().await)
        .await;
    let rows = rows.expect("an answer");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Which migrations were applied.
pub(crate) async fn applied(migrator: &Migrator) -> Result<Vec<bool>> {
    let status = migrator.status().await?;
    Ok(status.iter().map(|step| step.applied.is_some()).collect())
}
