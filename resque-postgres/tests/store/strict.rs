//! Transactions that get in each other's way: serialization failures and deadlocks.

use resque_core::{Client, Error, NewJob, Settlement};
use resque_postgres::{Config, Outbox, PostgresBackend};
use resque_testserver::Postgres;
use sqlx::{Connection as _, query, raw_sql};

use crate::labour::{Labour, jobs};
use crate::support::{World, given, push};

/// Where transactions are serializable unless they say otherwise, ours say otherwise: nothing of what
/// we do needs more, and nobody has to try anything again.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_strict_transactions_refuses_us_nothing() {
    const EACH: u64 = 300;
    let server = Postgres::new().setting("default_transaction_isolation", "serializable");
    let server = server.start().unwrap();
    let world = World::on(server.url()).await;
    let mut producers = Vec::new();
    for producer in 0..4 {
        let twin = world.twin().await;
        producers.push(tokio::spawn(async move {
            for number in producer * EACH..(producer + 1) * EACH {
                twin.queues().push(&jobs(number..number + 1)).await.unwrap();
            }
        }));
    }
    let other = world.twin().await;
    let mut labour = Labour::start(&world.backend, 10);
    let rival = tokio::spawn(async move {
        for _ in 0..50 {
            other.queues().queues().await.unwrap();
            push(&other, "p", &["x"]).await;
            other.queues().pop(&"p".parse().unwrap(), 9).await.unwrap();
        }
    });
    for producer in producers {
        producer.await.unwrap();
    }
    rival.await.unwrap();
    labour.performs(usize::try_from(4 * EACH).unwrap()).await;
    let done = labour.ends_with(4 * EACH).await;
    assert_eq!((done.outages, done.troubles), (0, Vec::new()));
}

#[tokio::test]
async fn a_transaction_of_the_application_that_conflicts_leaves_nothing() {
    let world = World::new().await;
    let outbox = Outbox::new(Client::new(world.backend.clone()), &world.config);
    let mut connection = world.connection().await;
    let strict = "begin isolation level repeatable read";
    let mut transaction = connection.begin_with(strict).await.unwrap();
    query("select 1").execute(&mut *transaction).await.unwrap();
    // Somebody makes the queue after this transaction has begun to look at the world.
    world.push("new", &["a"]).await;
    let job = || NewJob::raw("Count", &(1,)).to("new");
    let error = outbox.submit_in(&mut transaction, job()).await.unwrap_err();
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
    assert!(error.to_string().contains("40001"), "{error}");
    transaction.rollback().await.unwrap();
    let mut transaction = connection.begin_with(strict).await.unwrap();
    outbox.submit_in(&mut transaction, job()).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.waiting("new").await.len(), 2);
}

#[tokio::test]
async fn a_deadlock_costs_one_call_and_no_job() {
    let world = World::new().await;
    world.push("q", &["a", "b"]).await;
    let (one, two) = (world.register(0).await, world.register(1).await);
    let taken = world.exchange(&[], &[one.clone(), two.clone()], "q").await;
    assert_eq!(given(&taken), ["a", "b"]);
    let receipts = taken.reserved.iter().map(|job| job.receipt.clone());
    let done: Vec<_> = receipts.map(Settlement::done).collect();

    // Who waits for so long looks who is in the way; the other one never does.
    let server = resque_testserver::shared_postgres().unwrap();
    let url = format!("{}?options=-c%20deadlock_timeout=2s", server.url());
    let config = Config::parse(&url)
        .unwrap()
        .with_namespace(world.config.namespace());
    let backend = PostgresBackend::builder(config.unwrap())
        .connect()
        .await
        .unwrap();
    let (mut rival, mut raw) = (world.connection().await, world.raw().await);
    let begin = "set deadlock_timeout = '10min'; set statement_timeout = '60s'; begin";
    raw_sql(begin).execute(&mut rival).await.unwrap();
    let lock = |id: &str| {
        world.sql(&format!(
            "select from resque.workers where id = '{id}' for update"
        ))
    };
    raw_sql(lock(two.as_str()))
        .execute(&mut rival)
        .await
        .unwrap();
    let settling = tokio::spawn({
        let (queues, done, now) = (backend.queues().clone(), done.clone(), world.now);
        async move {
            queues
                .exchange(&done, &[], &"q".parse().unwrap(), now)
                .await
        }
    });
    let waits = "select count(*) from pg_locks l join pg_class c on c.oid = l.relation
        where c.oid = 'resque.workers'::regclass and l.locktype = 'tuple' and l.granted";
    while raw.number(waits).await == 0 {
        tokio::task::yield_now().await;
    }
    // Each now waits for the other.
    raw_sql(lock(one.as_str()))
        .execute(&mut rival)
        .await
        .unwrap();
    let error = settling.await.unwrap().unwrap_err();
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
    assert!(error.to_string().contains("40P01"), "{error}");
    raw_sql("rollback").execute(&mut rival).await.unwrap();

    // Nothing of it was done, and all of it can be done again.
    let again = world.exchange(&[], &[one, two], "q").await;
    assert_eq!(given(&again), ["a", "b"]);
    assert!(again.reserved.iter().all(|job| job.redelivered));
    let from = "q".parse().unwrap();
    let settled = backend.queues().exchange(&done, &[], &from, world.now);
    settled.await.unwrap();
    assert_eq!(world.backend.workers().stat("processed").await.unwrap(), 2);
}
