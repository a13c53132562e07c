//! No connection is to be had.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Error, SystemClock};
use resque_postgres::{Config, PostgresBackend};
use resque_testserver::Postgres;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection};

use crate::labour::{Labour, jobs};
use crate::support::{World, job, role};

const END: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = 'resque'";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_full_is_an_outage_that_passes() {
    const JOBS: u64 = 500;
    let server = Postgres::new().setting("max_connections", "12");
    let server = server.setting("superuser_reserved_connections", "0");
    let server = server.start().unwrap();
    let world = World::on(server.url()).await;
    world.backend.queues().push(&jobs(0..JOBS)).await.unwrap();
    let mut raw = world.raw().await;
    let clock = Arc::new(SystemClock::new());
    let mut labour = Labour::start_holding(&world.backend, 4, clock, 50);
    // All slots are in mid-job.
    labour.performs(54).await;
    // Others take every connection there is, ours too as soon as we lose them.
    let mut others = Vec::new();
    let ours = "select count(*) from pg_stat_activity where application_name = 'resque'";
    while raw.number(ours).await > 0 {
        raw.number(END).await;
        while let Ok(other) = PgConnection::connect(server.url()).await {
            others.push(other);
        }
    }
    for _ in 0..3 {
        let error = world.backend.connect_again().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    }
    labour.let_go();
    labour.until("an outage", |done| done.outages > 0).await;
    drop(others);
    labour.performs(usize::try_from(JOBS).unwrap()).await;
    labour.ends_with(JOBS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_any_number_of_callers() {
    let world = World::new().await;
    let config = world.config.clone().with_max_connections(1);
    let backend = PostgresBackend::builder(config).connect().await.unwrap();
    let mut calls = Vec::new();
    for number in 0..100 {
        let backend = backend.clone();
        calls.push(tokio::spawn(async move {
            let queues = backend.queues();
            queues.push(&[job("q", &number.to_string())]).await.unwrap();
            queues.queues().await.unwrap();
            backend.workers().server_time().await.unwrap();
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(world.waiting("q").await.len(), 100);
}

#[tokio::test]
async fn a_pool_of_the_application_that_is_all_in_use_is_an_outage_that_passes() {
    let world = World::new().await;
    let server = resque_testserver::shared_postgres().unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(100));
    let pool = pool.connect(server.url()).await.unwrap();
    let over = PostgresBackend::over(pool.clone()).namespace(world.config.namespace());
    let backend = over.unwrap().connect().await.unwrap();
    let held = pool.acquire().await.unwrap();
    let error = backend.queues().push(&[job("q", "a")]).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    drop(held);
    backend.queues().push(&[job("q", "b")]).await.unwrap();
    assert_eq!(world.waiting("q").await, ["b"]);
}

#[tokio::test]
async fn the_limit_of_a_role_is_an_outage_too() {
    let world = World::new().await;
    let role = role("limited");
    let mut raw = world.raw().await;
    let make = format!("create role {role} login superuser connection limit 0");
    raw.run(&make).await;
    // A limit binds nobody who may do everything.
    raw.run(&format!("alter role {role} nosuperuser")).await;
    let server = resque_testserver::shared_postgres().unwrap();
    let url = server.url().replacen("postgres@", &format!("{role}@"), 1);
    let connected = PostgresBackend::builder(Config::parse(&url).unwrap()).connect();
    let error = connected.await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    raw.run(&format!("drop role {role}")).await;
}
