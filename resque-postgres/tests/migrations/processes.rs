//! Processes that start at the same time, and one that dies.

use std::env;
use std::process::{Command, Stdio};
use std::time::Duration;

use resque_core::Error;
use resque_postgres::{Config, Migrator, VERSION};
use resque_testserver::Postgres;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::support::{applied, config, on, run_on};

const PLACE: &str = "RESQUE_TEST_MIGRATE";

/// Whoever waits for a lock.
const WAITING: &str = "select pid from pg_stat_activity
    where wait_event_type = 'Lock' and application_name = 'resque'";

#[tokio::test]
async fn ten_processes_start_at_once_and_one_of_them_makes_the_tables() {
    let config = config("ten processes");
    let server = resque_testserver::shared_postgres().unwrap();
    let place = format!("{}\n{}", server.url(), config.namespace());
    let start = |_| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "processes::one_of_the_ten"])
            .args(["--ignored", "--nocapture"])
            .env(PLACE, &place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..10).map(start).collect();
    let mut made = 0;
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let number = text.lines().find_map(|line| line.strip_prefix("made: "));
        made += number.unwrap().parse::<usize>().unwrap();
    }
    assert_eq!(made, usize::try_from(VERSION).unwrap());
}

#[tokio::test]
#[ignore = "run by ten_processes_start_at_once_and_one_of_them_makes_the_tables"]
async fn one_of_the_ten() {
    let place = env::var(PLACE).unwrap();
    let (url, namespace) = place.split_once('\n').unwrap();
    let made = Migrator::new(on(url, namespace)).up().await.unwrap();
    println!("\nmade: {made}");
}

/// A migration whose connection ends half-way leaves nothing behind, and the next one makes it.
#[tokio::test]
async fn a_migration_that_dies_half_way_leaves_nothing() {
    let server = Postgres::new().start().unwrap();
    let config: Config = on(server.url(), "half done");
    let mut holder = PgConnection::connect(server.url()).await.unwrap();
    run_on(&mut holder, &config, "create schema SCHEMA").await;
    // The migration has made some of its tables when it comes to this one, and waits.
    let hold = "begin; create table SCHEMA.workers (mine int)";
    run_on(&mut holder, &config, hold).await;
    let migrator = Migrator::new(config.clone());
    let migrating = tokio::spawn({
        let migrator = migrator.clone();
        async move { migrator.up().await }
    });
    let mut killer = PgConnection::connect(server.url()).await.unwrap();
    let found = async {
        loop {
            let waiting = sqlx::raw_sql(WAITING).fetch_optional(&mut killer).await;
            if let Some(row) = waiting.unwrap() {
                break row.get(0);
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), found).await;
    let pid: i32 = found.expect("the migration does not wait");
    let kill = format!("select pg_terminate_backend({pid})");
    run_on(&mut killer, &config, &kill).await;
    let error = migrating.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    run_on(&mut holder, &config, "rollback").await;

    let steps = usize::try_from(VERSION).unwrap();
    assert_eq!(applied(&migrator).await.unwrap(), vec![false; steps]);
    // There is nothing in it, or this would not go.
    let emptied = "drop schema SCHEMA restrict; create schema SCHEMA";
    run_on(&mut holder, &config, emptied).await;
    assert_eq!(migrator.up().await.unwrap(), steps);
}
