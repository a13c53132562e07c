//! Behind a PgBouncer in transaction mode, which gives a session to one transaction after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resque_core::worker::WorkerEnv;
use resque_core::{Backend, Client, NewJob, Worker};
use resque_postgres::{Config, Migrator, Outbox, PostgresBackend};
use resque_testserver::{PgBouncer, Postgres, PostgresServer};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection};

use crate::support::{World, job, push};

const LISTENERS: &str = "select count(*) from pg_stat_activity where query like 'LISTEN%'";
const PREPARED: &str = "select count(*) from pg_prepared_statements where name like 'sqlx%'";

/// A server and a pooler before it.
fn behind(settings: &[&str]) -> (PostgresServer, PgBouncer) {
    let server = Postgres::new().start().expect("a Postgres server");
    let pooler = PgBouncer::before(&server, settings).expect("a PgBouncer");
    (server, pooler)
}

/// The place of a pooler where many may have to wait for their turn.
fn patient(pooler: &PgBouncer) -> String {
    format!("{}?connect_timeout=60s", pooler.url())
}

async fn sum_up(backend: &Backend, jobs: u64) -> u64 {
    let sum = Arc::new(AtomicU64::new(0));
    let env = WorkerEnv::from_vars([("INTERVAL", "0")]).expect("an environment");
    let add = Arc::clone(&sum);
    let worker = Worker::builder(backend.clone())
        .env(&env)
        .queues("*")
        .concurrency(20)
        .register_fn("Add", move |(number,): (u64,), _| {
            add.fetch_add(number, Ordering::Relaxed);
            async { Ok(()) }
        });
    let worker = worker.build().expect("a worker");
    let report = worker.run().await.expect("a report");
    assert_eq!(report.processed, jobs);
    sum.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_finds_out_and_performs_every_job_once() {
    const JOBS: u64 = 1_000;
    let (server, pooler) = behind(&[]);
    let world = World::on(pooler.url()).await;
    let jobs: Vec<_> = (0..JOBS)
        .map(|number| job("q", &format!(r#"{{"class":"Add","args":[{number}]}}"#)))
        .collect();
    world.backend.queues().push(&jobs).await.unwrap();
    assert_eq!(sum_up(&world.backend, JOBS).await, JOBS * (JOBS - 1) / 2);
    let mut direct = PgConnection::connect(server.url()).await.unwrap();
    let listeners: i64 = sqlx::query_scalar(LISTENERS)
        .fetch_one(&mut direct)
        .await
        .unwrap();
    assert_eq!(listeners, 0, "nobody can listen there");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_take_turns_in_one_session_and_leave_nothing_prepared() {
    let (_server, pooler) = behind(&["default_pool_size = 1"]);
    let world = World::on(&patient(&pooler)).await;
    let mut pushing = Vec::new();
    for number in 0..10 {
        let twin = world.twin().await;
        pushing.push(tokio::spawn(async move {
            for round in 0..10 {
                push(&twin, "q", &[&format!("{number} {round}")]).await;
            }
        }));
    }
    for one in pushing {
        one.await.unwrap();
    }
    assert_eq!(world.waiting("q").await.len(), 100);
    assert_eq!(world.raw().await.number(PREPARED).await, 0);
}

#[tokio::test]
async fn migrations_go_through_it() {
    let (_server, pooler) = behind(&["default_pool_size = 2"]);
    let config = Config::parse(&patient(&pooler)).unwrap();
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
    let migrator = Migrator::new(config);
    let steps = migrator.status().await.unwrap();
    assert_eq!(made, steps.len());
    assert!(steps.iter().all(|step| step.applied.is_some()));
    assert_eq!(migrator.down_to(0).await.unwrap(), made);
}

#[tokio::test]
async fn a_pooler_that_passes_over_what_it_does_not_know_is_found_out_too() {
    let (_server, pooler) = behind(&["ignore_startup_parameters = options"]);
    let world = World::on(pooler.url()).await;
    world.push("q", &["a"]).await;
    assert_eq!(world.waiting("q").await, ["a"]);
    assert_eq!(world.raw().await.number(PREPARED).await, 0);
}

#[tokio::test]
async fn a_pooler_that_gives_whole_sessions_serves_as_the_server_itself_once_told() {
    let (server, pooler) = behind(&["pool_mode = session", "default_pool_size = 20"]);
    let world = World::on(server.url()).await;
    let config = Config::parse(&format!("{}?sessions=own", pooler.url())).unwrap();
    let config = config.with_namespace(world.config.namespace()).unwrap();
    let backend = PostgresBackend::builder(config).connect().await.unwrap();
    let waiting = backend.queues().waiting().unwrap();
    let from = "q".parse().unwrap();
    let early = waiting.ticket(&from).await.unwrap();
    // Ends when a note has been left.
    waiting.wait(early, &from).await.unwrap();
    let ticket = waiting.ticket(&from).await.unwrap();
    assert_eq!(world.raw().await.number(LISTENERS).await, 1);
    world.push("q", &["a"]).await;
    waiting.wait(ticket, &from).await.unwrap();
}

#[tokio::test]
async fn an_outbox_that_is_told_leaves_nothing_prepared() {
    let (_server, pooler) = behind(&["default_pool_size = 1"]);
    let world = World::on(pooler.url()).await;
    let config = world.config.clone().with_shared_sessions(true);
    let outbox = Outbox::new(Client::new(world.backend.clone()), &config);
    for round in 0..3 {
        let mut connection = world.connection().await;
        let mut transaction = connection.begin().await.unwrap();
        let add = NewJob::raw("Add", &(round,)).to("q");
        outbox.submit_in(&mut transaction, add).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(world.waiting("q").await.len(), 3);
    assert_eq!(world.raw().await.number(PREPARED).await, 0);
}

#[tokio::test]
async fn a_pool_of_the_application_may_lead_through_it() {
    let (_server, pooler) = behind(&[]);
    let world = World::on(pooler.url()).await;
    let options: PgConnectOptions = pooler.url().parse().unwrap();
    // What any application has to leave out to be let in.
    let pool = PgPoolOptions::new().connect_with(options.extra_float_digits(None));
    let over = PostgresBackend::over(pool.await.unwrap()).namespace(world.config.namespace());
    let backend = over.unwrap().connect().await.unwrap();
    push(&backend, "q", &["a", "b"]).await;
    assert_eq!(world.waiting("q").await, ["a", "b"]);
    assert_eq!(world.raw().await.number(PREPARED).await, 0);
}
