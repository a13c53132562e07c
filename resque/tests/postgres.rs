//! What `resque::connect` says when a Postgres URL leads nowhere, or to something else than it should.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::error::Error as _;
use std::net::TcpListener;

use resque::Error;
use resque::postgres::{Config, Migrator, VERSION};
use resque_testserver::{Postgres, shared_postgres};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

async fn refused(url: &str) -> Error {
    let error = resque::connect(url).await.unwrap_err();
    let cause = error.source().map(ToString::to_string);
    let text = error.to_string();
    // What was meant, where, and never the password; the cause is told apart.
    assert!(text.contains("Postgres"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert!(cause.is_none_or(|cause| !text.contains(&cause)), "{text}");
    error
}

/// The URL of a schema of this test's own.
fn url(namespace: &str) -> String {
    let server = shared_postgres().unwrap();
    let run = resque_testserver::this_run();
    format!("{}?namespace={namespace}-{run}", server.url())
}

#[tokio::test]
async fn a_password_that_is_wrong() {
    let server = Postgres::new().password("right").start().unwrap();
    let error = refused(&server.url().replace("right", "secret")).await;
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
    assert!(text.contains("password authentication failed"), "{text}");
    assert!(text.contains("the password in the URL"), "{text}");
}

#[tokio::test]
async fn nobody_there() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let port = free.unwrap().port();
    let error = refused(&format!("postgres://u:secret@127.0.0.1:{port}/shop")).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let place = format!("127.0.0.1:{port}/shop");
    assert!(error.to_string().contains(&place), "{error}");
}

#[tokio::test]
async fn somebody_who_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://u:secret@127.0.0.1:{port}/shop?connect_timeout=100ms");
    let error = refused(&url).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let cause = error.source().unwrap().to_string();
    assert_eq!(cause, "no connection after 100ms");
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let server = shared_postgres().unwrap();
    let (place, _) = server.url().rsplit_once('/').unwrap();
    let error = refused(&format!("{place}/no_such_shop")).await;
    let text = error.to_string();
    assert!(text.contains("\"no_such_shop\" does not exist"), "{text}");
    assert!(text.contains("create the database"), "{text}");
}

#[tokio::test]
async fn a_schema_without_tables_or_of_another_version() {
    let url = url("versions");
    let config = Config::parse(&url).unwrap();
    let migrator = Migrator::new(config.clone());
    let text = refused(&url).await.to_string();
    assert!(text.contains("no tables of Resque"), "{text}");
    assert!(text.contains("`resque migrate` makes it"), "{text}");

    migrator.up_to(1).await.unwrap();
    let text = refused(&url).await.to_string();
    assert!(text.contains("version 1 of the tables"), "{text}");
    assert!(text.contains(&format!("version {VERSION}")), "{text}");

    migrator.up().await.unwrap();
    resque::connect(&url).await.unwrap();
    let newer = format!(
        "insert into \"{}\".migrations (version, name) values (9999, 'x')",
        config.namespace()
    );
    let mut owner = PgConnection::connect(shared_postgres().unwrap().url())
        .await
        .unwrap();
    let noted = sqlx::raw_sql(AssertSqlSafe(newer))
        .execute(&mut owner)
        .await;
    noted.unwrap();
    let error = refused(&url).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("version 9999 of the tables"), "{text}");
    assert!(text.contains("a newer version of the library"), "{text}");
    let drop = format!("drop schema \"{}\" cascade", config.namespace());
    let dropped = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut owner).await;
    dropped.unwrap();
}

#[tokio::test]
async fn what_makes_no_sense_in_a_url() {
    for (url, part) in [
        ("postgres://u:secret@h/db?namespace=", "namespace"),
        ("postgres://u:secret@h/db?sessions=mine", "sessions"),
        ("postgres://u:secret@h/db%00", "NUL"),
        ("postgres://u:secret@h/db?namspace=x", "namspace"),
        ("postgres://u:secret@h:port/db", "URL"),
    ] {
        let error = refused(url).await;
        assert!(matches!(error, Error::InvalidSetting { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
