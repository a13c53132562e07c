//! What the server refuses, and whether that may pass.

use std::slice::from_ref;
use std::time::Duration;

use resque_core::{Claim, Error, Lease, Need, QueueList, Settlement, WorkerId};
use resque_postgres::{Config, PostgresBackend};
use sqlx::postgres::PgPoolOptions;

use crate::support::{World, given, job, role};

/// The same schema by other settings of the session.
async fn with_options(world: &World, options: &str) -> resque_core::Result<resque_core::Backend> {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let config = Config::parse(&format!("{}?options={options}", server.url()))?;
    let config = config.with_namespace(world.config.namespace())?;
    PostgresBackend::builder(config).connect().await
}

#[tokio::test]
async fn a_read_only_server_passes() {
    let world = World::new().await;
    let read_only = with_options(&world, "-c%20default_transaction_read_only=on")
        .await
        .unwrap();
    let error = read_only.queues().push(&[job("q", "a")]).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Rejected {
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("25006"), "{error}");
    assert_eq!(world.waiting("q").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_statement_that_takes_too_long_changes_nothing() {
    let world = World::new().await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let taken = world.exchange(&[], from_ref(&slot), "q").await;
    let impatient = with_options(&world, "-c%20statement_timeout=50")
        .await
        .unwrap();
    let mut raw = world.raw().await;
    raw.run("begin; select from resque.workers for update")
        .await;
    let done = [Settlement::done(taken.reserved[0].receipt.clone())];
    let from: QueueList = "q".parse().unwrap();
    let settled = impatient
        .queues()
        .exchange(&done, &[], &from, world.now)
        .await;
    let error = settled.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Rejected {
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
    raw.run("rollback").await;
    let again = world.exchange(&[], &[slot], "q").await;
    assert_eq!(given(&again), ["a"]);
    assert!(again.reserved[0].redelivered);
}

#[tokio::test]
async fn missing_rights_are_no_outage() {
    let world = World::new().await;
    let role = role("nobody");
    let mut raw = world.raw().await;
    raw.run(&format!(
        "create role {role} login;
        grant usage on schema \"{0}\" to {role};
        grant select on \"{0}\".migrations to {role}",
        world.config.namespace()
    ))
    .await;
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let url = server.url().replacen("postgres@", &format!("{role}@"), 1);
    let config = Config::parse(&url).unwrap();
    let config = config.with_namespace(world.config.namespace()).unwrap();
    let backend = PostgresBackend::builder(config).connect().await.unwrap();
    let error = backend.queues().push(&[job("q", "a")]).await.unwrap_err();
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
    assert!(error.to_string().contains("permission denied"), "{error}");
    raw.run(&format!("drop owned by {role}; drop role {role}"))
        .await;
}

#[tokio::test]
async fn a_pool_of_the_application_serves() {
    let world = World::new().await;
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect(server.url())
        .await
        .unwrap();
    let over = PostgresBackend::over(pool.clone()).namespace(world.config.namespace());
    let backend = over.unwrap().connect().await.unwrap();
    backend.queues().push(&[job("q", "a")]).await.unwrap();
    assert_eq!(world.waiting("q").await, ["a"]);
    let again = backend.connect_again().await.unwrap();
    assert_eq!(
        again
            .queues()
            .pop(&"q".parse().unwrap(), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    pool.close().await;
    let error = backend.queues().push(&[job("q", "b")]).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_counter_whose_name_no_text_can_hold_is_refused() {
    let world = World::new().await;
    let error = world
        .backend
        .workers()
        .set_stat("a\0b", 1)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("NUL"), "{error}");
}

#[tokio::test]
async fn a_worker_of_too_many_queues_is_told_what_to_do() {
    let world = World::new().await;
    let workers = world.backend.workers();
    let named = |count: usize| {
        let queues: Vec<String> = (0..count).map(|number| format!("q{number:08}")).collect();
        WorkerId::compose("host", "a1b2c", 1, 0, &queues.join(",")).unwrap()
    };
    workers.register(&[named(200)], world.now).await.unwrap();
    let error = workers
        .register(&[named(300)], world.now)
        .await
        .unwrap_err();
    assert!(!error.is_transient());
    let text = error.to_string();
    assert!(text.contains("host~a1b2c:1-0:q00000000"), "{text}");
    assert!(text.contains("2400 fit; write a pattern"), "{text}");
    assert_eq!(workers.workers().await.unwrap().workers.len(), 1);
}

#[tokio::test]
async fn the_longest_id_fits_wherever_ids_stand() {
    let world = World::new().await;
    let workers = world.backend.workers();
    let of_length = |length: usize| {
        let id = WorkerId::compose("host", "a1b2c", 1, 0, "*").unwrap();
        let rest = length - (id.as_str().len() - 1);
        let queues: Vec<String> = (0..rest / 100).map(|_| noise(99)).collect();
        let queues = queues.join(",");
        let queues = format!("{queues},{}", noise(rest - queues.len() - 1));
        let id = WorkerId::compose("host", "a1b2c", 1, 0, &queues).unwrap();
        assert_eq!(id.as_str().len(), length);
        id
    };
    let error = workers.register(&[of_length(2_401)], world.now).await;
    assert!(error.unwrap_err().to_string().contains("2401 bytes"));
    let longest = of_length(2_400);
    let registered = workers.register(from_ref(&longest), world.now).await;
    registered.unwrap();
    world.push("q", &["a"]).await;
    let taken = world.exchange(&[], from_ref(&longest), "q").await;
    assert_eq!(given(&taken), ["a"]);
    // The index with the longest keys.
    let lease = Lease::new(noise(255), longest.as_str());
    let until = world.now + Duration::from_secs(60);
    let place = Need::Place {
        lease: lease.until(until),
        of: 1,
        apart: Duration::from_secs(1),
    };
    let claim = Claim {
        job: "job".into(),
        needs: vec![place],
        frees: None,
    };
    let limits = world.backend.queues().limits().unwrap();
    limits.claim(&[claim], world.now).await.unwrap();
    let leases = limits.leases(&lease.name, world.now).await.unwrap();
    assert_eq!(leases.len(), 1);
}

/// Letters that do not get shorter.
fn noise(length: usize) -> String {
    (0..length).map(|_| fastrand::alphanumeric()).collect()
}
