//! Schemas that are not as a migration expects them.

use resque_core::{Enqueue, Error, QueueName};
use resque_postgres::{Config, Migrator, PostgresBackend, VERSION};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{applied, config, connection, on, run, texts};

const TABLES: &str = "select relname::text from pg_class
    where relnamespace = 'SCHEMA'::regnamespace and relkind = 'r' order by 1";

async fn push(config: &Config, change: &str) -> Error {
    let backend = PostgresBackend::builder(config.clone()).connect().await;
    let queue = QueueName::new("q").expect("a name");
    let backend = backend.expect("a backend");
    let pushed = backend.queues().push(&[Enqueue::new(queue, "a")]).await;
    pushed.expect_err(change)
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let config = config("somebody else");
    run(
        &config,
        "create schema SCHEMA; create table SCHEMA.workers as select 42 as n",
    )
    .await;
    let migrator = Migrator::new(config.clone());
    let error = migrator.up().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Rejected {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains("\"workers\" already exists"), "{text}");
    assert!(text.contains("choose another schema"), "{text}");
    assert_eq!(texts(&config, TABLES).await, ["workers"]);
    assert_eq!(
        texts(&config, "select n::text from SCHEMA.workers").await,
        ["42"]
    );
}

#[tokio::test]
async fn a_migration_that_was_passed_over_is_noticed() {
    let config = config("a hole");
    let migrator = Migrator::new(config.clone());
    migrator.up().await.unwrap();
    let forget = "delete from SCHEMA.migrations where version = 1";
    run(&config, forget).await;
    let connected = PostgresBackend::builder(config.clone()).connect().await;
    let expected = match VERSION {
        1 => "no tables of Resque",
        _ => "0001_jobs, which nobody has applied",
    };
    let error = connected.unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    if VERSION > 1 {
        let error = migrator.up().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("by hand"), "{error}");
    }
}

#[tokio::test]
async fn a_table_that_was_changed_by_hand_is_named() {
    let changes = [
        (
            "alter table SCHEMA.jobs rename to old_jobs",
            "jobs\" does not exist",
        ),
        ("alter table SCHEMA.jobs drop column payload", "\"payload\""),
        ("drop function SCHEMA.push", "push("),
        ("drop function SCHEMA.queue_ids", "queue_ids("),
        ("drop table SCHEMA.sleepers", "sleepers\" does not exist"),
        ("drop sequence SCHEMA.back cascade", "\"pos\""),
        (
            "alter table SCHEMA.jobs add column mine int not null",
            "\"mine\"",
        ),
        (
            "alter table SCHEMA.jobs alter payload type int using 0",
            "payload",
        ),
    ];
    for (number, (change, found)) in changes.into_iter().enumerate() {
        let config = config(&format!("by hand {number}"));
        Migrator::new(config.clone()).up().await.unwrap();
        run(&config, change).await;
        let error = push(&config, change).await;
        assert!(!error.is_transient(), "{change}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(found), "{change}: {text}");
        assert!(
            text.contains(config.namespace()) || text.contains("push on Postgres"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn who_may_not_make_a_schema_is_told_what_is_missing() {
    let role = format!("migrates_{}", resque_testserver::this_run());
    let config = config("rights");
    let mut owner = connection().await;
    let make = format!("create role {role} login");
    sqlx::raw_sql(AssertSqlSafe(make))
        .execute(&mut owner)
        .await
        .unwrap();
    let server = resque_testserver::shared_postgres().unwrap();
    let url = server.url().replacen("postgres@", &format!("{role}@"), 1);
    let migrator = Migrator::new(on(&url, config.namespace()));
    let error = migrator.up().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Rejected {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains("permission denied"), "{text}");
    assert!(text.contains("docs/postgres.md"), "{text}");

    // A schema that was made for it is all that it needs.
    run(
        &config,
        &format!("create schema SCHEMA authorization {role}"),
    )
    .await;
    let steps = usize::try_from(VERSION).unwrap();
    assert_eq!(migrator.up().await.unwrap(), steps);
    // Who may not even look is told as much, and does not take the schema for empty.
    let stranger = format!("stranger_{}", resque_testserver::this_run());
    let make = format!("create role {stranger} login");
    sqlx::raw_sql(AssertSqlSafe(make))
        .execute(&mut owner)
        .await
        .unwrap();
    let url = server
        .url()
        .replacen("postgres@", &format!("{stranger}@"), 1);
    let looking = on(&url, config.namespace());
    let error = PostgresBackend::builder(looking)
        .connect()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    assert_eq!(applied(&migrator).await.unwrap(), vec![true; steps]);
    assert_eq!(migrator.down_to(0).await.unwrap(), steps);
    run(
        &config,
        &format!("drop schema SCHEMA cascade; drop role {role}; drop role {stranger}"),
    )
    .await;
}

#[tokio::test]
async fn a_server_whose_transactions_are_strict_is_migrated_by_ten_at_once() {
    let server = resque_testserver::Postgres::new()
        .setting("default_transaction_isolation", "serializable")
        .start()
        .unwrap();
    let config = on(server.url(), "strict");
    let starts: Vec<_> = (0..10)
        .map(|_| {
            let migrator = Migrator::new(config.clone());
            tokio::spawn(async move { migrator.up().await })
        })
        .collect();
    let mut made = 0;
    for start in starts {
        made += start.await.unwrap().unwrap();
    }
    assert_eq!(made, usize::try_from(VERSION).unwrap());
    let mut raw = PgConnection::connect(server.url()).await.unwrap();
    let show = sqlx::query_scalar("show transaction_isolation");
    let strict: String = show.fetch_one(&mut raw).await.unwrap();
    assert_eq!(strict, "serializable");
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let server = resque_testserver::Postgres::new().start().unwrap();
    let mut owner = PgConnection::connect(server.url()).await.unwrap();
    let make = "create database narrow encoding 'LATIN1' template template0 locale 'C'";
    sqlx::raw_sql(make).execute(&mut owner).await.unwrap();
    let (address, _) = server.url().rsplit_once('/').unwrap();
    let config = on(&format!("{address}/narrow"), "resque");
    let error = Migrator::new(config.clone()).up().await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("LATIN1") && text.contains("UTF8"), "{text}");
    let error = PostgresBackend::builder(config)
        .connect()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("LATIN1"), "{error}");
    let mut narrow = PgConnection::connect(&format!("{address}/narrow"))
        .await
        .unwrap();
    let schemas = "select count(*) from pg_namespace where nspname = 'resque'";
    let schemas: i64 = sqlx::query_scalar(schemas)
        .fetch_one(&mut narrow)
        .await
        .unwrap();
    assert_eq!(schemas, 0);
}
