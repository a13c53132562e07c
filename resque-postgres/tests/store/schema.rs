//! A schema that is not what this version works with.

use resque_core::{Error, Result};
use resque_postgres::{Config, Migrator, PostgresBackend};

use crate::support::{World, job};

async fn refused(config: Config) -> Error {
    let connected: Result<_> = PostgresBackend::builder(config).connect().await;
    let error = connected.expect_err("a refusal");
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    error
}

#[tokio::test]
async fn a_schema_without_tables_says_what_to_do() {
    let world = World::new().await;
    let migrator = Migrator::new(world.config.clone());
    migrator.down_to(0).await.unwrap();
    let error = refused(world.config.clone()).await.to_string();
    assert!(error.contains("no tables of Resque"), "{error}");
    assert!(error.contains("resque migrate"), "{error}");
    // Somebody who is connected is told too.
    let error = world
        .backend
        .queues()
        .push(&[job("q", "a")])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("resque migrate"), "{error}");
    migrator.up().await.unwrap();
    world.push("q", &["a"]).await;
    assert_eq!(world.waiting("q").await, ["a"]);
}

#[tokio::test]
async fn a_newer_schema_is_not_touched() {
    let world = World::new().await;
    let newer = "insert into resque.migrations (version, name) values (9999, '9999_later')";
    world.raw().await.run(newer).await;
    let error = refused(world.config.clone()).await.to_string();
    assert!(error.contains("version 9999"), "{error}");
    let asked = PostgresBackend::builder(world.config.clone())
        .migrate(true)
        .connect()
        .await;
    assert!(matches!(asked, Err(Error::Corrupt { .. })), "{asked:?}");
}
