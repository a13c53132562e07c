//! Connections and servers that go away.

use std::slice::from_ref;
use std::sync::Arc;

use resque_core::{Error, Settlement, SystemClock};
use resque_testserver::Postgres;

use crate::labour::{Labour, jobs};
use crate::support::{World, given, job};

/// Ends all connections of a backend but that of the caller.
const END: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = 'resque' and pid <> pg_backend_pid()";

#[tokio::test]
async fn a_connection_that_was_ended_costs_one_call_at_most() {
    let server = Postgres::new().start().unwrap();
    let world = World::on(server.url()).await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let taken = world.exchange(&[], from_ref(&slot), "q").await;
    let mut raw = world.raw().await;
    assert!(raw.number(END).await > 0);
    let settle = [Settlement::done(taken.reserved[0].receipt.clone())];
    let from = "q".parse().unwrap();
    let queues = world.backend.queues();
    if let Err(error) = queues.exchange(&settle, &[], &from, world.now).await {
        assert!(error.is_transient(), "{error}");
        queues
            .exchange(&settle, &[], &from, world.now)
            .await
            .unwrap();
    }
    assert_eq!(world.backend.workers().stat("processed").await.unwrap(), 1);
}

#[tokio::test]
async fn a_settlement_whose_connection_is_ended_half_way_changes_nothing() {
    let server = Postgres::new().start().unwrap();
    let world = World::on(server.url()).await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let taken = world.exchange(&[], from_ref(&slot), "q").await;
    let (mut lock, mut raw) = (world.raw().await, world.raw().await);
    lock.run("begin; select from resque.workers for update")
        .await;
    let settling = tokio::spawn({
        let (queues, now) = (world.backend.queues().clone(), world.now);
        let done = [Settlement::done(taken.reserved[0].receipt.clone())];
        async move {
            queues
                .exchange(&done, &[], &"q".parse().unwrap(), now)
                .await
        }
    });
    let waits = "select count(*) from pg_stat_activity
        where wait_event_type = 'Lock' and application_name = 'resque'";
    while raw.number(waits).await == 0 {
        tokio::task::yield_now().await;
    }
    raw.number(END).await;
    let error = settling.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    lock.run("rollback").await;
    let again = world.exchange(&[], &[slot], "q").await;
    assert_eq!(given(&again), ["a"]);
    assert!(again.reserved[0].redelivered);
}

#[tokio::test]
async fn everything_survives_a_crash_of_the_server() {
    let mut server = Postgres::new().start().unwrap();
    let world = World::on(server.url()).await;
    world.push("q", &["a", "b"]).await;
    let slot = world.register(0).await;
    world.exchange(&[], from_ref(&slot), "q").await;
    let waiting = world.backend.queues().waiting().unwrap();
    let from = "none".parse().unwrap();
    let ticket = waiting.ticket(&from).await.unwrap();
    server.kill().unwrap();
    assert!(waiting.wait(ticket, &from).await.is_err());
    let error = world
        .backend
        .queues()
        .push(&[job("q", "c")])
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    server.restart().unwrap();
    // An idle connection that nobody has used since may still be among the others.
    while world.backend.workers().server_time().await.is_err() {}
    let again = world.exchange(&[], &[slot], "q").await;
    assert_eq!(given(&again), ["a"]);
    assert!(again.reserved[0].redelivered);
    assert_eq!(world.waiting("q").await, ["b"]);
    // A listener that has not heard of the crash says so once it does.
    loop {
        let ticket = waiting.ticket(&from).await.unwrap();
        world.push("none", &["d"]).await;
        if waiting.wait(ticket, &from).await.is_ok() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_connections_are_ended_again_and_again_does_every_job_once() {
    const JOBS: u64 = 2_000;
    let server = Postgres::new().start().unwrap();
    let world = World::on(server.url()).await;
    world.backend.queues().push(&jobs(0..JOBS)).await.unwrap();
    let mut raw = world.raw().await;
    let clock = Arc::new(SystemClock::new());
    let mut labour = Labour::start_holding(&world.backend, 10, clock, 0);
    for round in 1..=10 {
        let held = round * 150;
        labour.hold_from(held);
        // All slots are in mid-job.
        labour.performs(usize::try_from(held).unwrap() + 10).await;
        // It may not be back yet from the last time.
        while raw.number(END).await == 0 {}
    }
    // And once while they are being settled.
    let mut lock = world.raw().await;
    lock.run("begin; select from resque.workers for update")
        .await;
    labour.let_go();
    let settles = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'
        and application_name = 'resque' and query like '%.exchange(%'";
    while raw.number(settles).await == 0 {
        tokio::task::yield_now().await;
    }
    assert!(raw.number(END).await > 0);
    lock.run("rollback").await;
    labour.performs(usize::try_from(JOBS).unwrap()).await;
    let done = labour.ends_with(JOBS).await;
    assert!(done.outages > 0, "{done:?}");
    assert_eq!(done.troubles, Vec::<String>::new());
}
