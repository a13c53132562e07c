//! What a busy server may answer any statement with, and a worker that goes on all the same.

use std::sync::Arc;

use resque_core::SystemClock;

use crate::labour::{Labour, jobs};
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asks_again_after_conflicts_deadlocks_and_timeouts() {
    const JOBS: u64 = 200;
    let world = World::new().await;
    world.backend.queues().push(&jobs(0..JOBS)).await.unwrap();
    let mut raw = world.raw().await;
    // A sequence is not rolled back: nine statements are refused, each kind three times.
    let hinder = "create sequence resque.hindrances;
        create function resque.hinder() returns trigger language plpgsql as $$
        declare
            v_number bigint := nextval('resque.hindrances');
        begin
            if v_number <= 9 then
                raise exception 'as ordered'
                using errcode = (array['40001', '40P01', '57014'])[v_number % 3 + 1];
            end if;
            return null;
        end $$;
        create trigger hinder before update on resque.workers
            for each statement execute function resque.hinder()";
    raw.run(hinder).await;
    let mut labour = Labour::start(&world.backend, 4);
    labour.performs(usize::try_from(JOBS).unwrap()).await;
    let done = labour.ends_with(JOBS).await;
    assert!(done.outages > 0, "{done:?}");
    let refused = "select last_value from resque.hindrances";
    assert!(raw.number(refused).await > 9);
    let processed = world.backend.workers().stat("processed").await.unwrap();
    assert_eq!(processed, i64::try_from(JOBS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_that_is_cancelled_half_way_is_made_again() {
    const JOBS: u64 = 40;
    let world = World::new().await;
    world.backend.queues().push(&jobs(0..JOBS)).await.unwrap();
    let clock = Arc::new(SystemClock::new());
    let mut labour = Labour::start_holding(&world.backend, 4, clock, 10);
    labour.performs(14).await;
    let (mut lock, mut raw) = (world.raw().await, world.raw().await);
    lock.run("begin; select from resque.workers for update")
        .await;
    labour.let_go();
    // As a `statement_timeout` does, only that it is certain when.
    let cancel = format!(
        "select count(pg_cancel_backend(pid)) from pg_stat_activity
            where wait_event_type = 'Lock' and query like '%\"{}\".exchange(%'",
        world.config.namespace()
    );
    while raw.number(&cancel).await == 0 {
        tokio::task::yield_now().await;
    }
    labour.until("an outage", |done| done.outages > 0).await;
    lock.run("rollback").await;
    labour.performs(usize::try_from(JOBS).unwrap()).await;
    labour.ends_with(JOBS).await;
}
