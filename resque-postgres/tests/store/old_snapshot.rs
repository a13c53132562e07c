//! A transaction that stays open keeps the dead rows of everything that is done meanwhile: what happens with
//! every job must not walk over them.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Backend, ManualClock, QueueList};
use resque_postgres::PostgresBackend;

use crate::support::{Raw, World, given, job};

/// How many jobs are done while the transaction is open.
const DONE: usize = 20_000;

/// How many entries of an index may be looked at for one job.
const FEW: i64 = 1_500;

/// Pushes and pops so many jobs.
async fn work_off(world: &World, backend: &Backend, count: usize) {
    let jobs = vec![job("q", "done"); count];
    world.backend.queues().push(&jobs).await.expect("to push");
    let from: QueueList = "q".parse().expect("a list");
    let popped = backend.queues().pop(&from, count).await.expect("to pop");
    assert_eq!(popped.len(), count);
}

/// Opens a transaction whose snapshot is older than what comes.
async fn old_snapshot(world: &World) -> Raw {
    let mut old = world.raw().await;
    old.run("begin isolation level repeatable read; select from resque.queues")
        .await;
    old
}

/// How many entries of an index a statement looks at. What it does is undone.
async fn entries(raw: &mut Raw, index: &str, statement: &str) -> i64 {
    let count = format!("select pg_stat_get_xact_tuples_returned('resque.{index}'::regclass)");
    raw.run("begin").await;
    let before = raw.number(&count).await;
    raw.run(statement).await;
    let after = raw.number(&count).await;
    raw.run("rollback").await;
    after - before
}

#[tokio::test]
async fn the_places_of_jobs_that_are_done_are_not_walked_over() {
    const QUEUES: &str = "(select array_agg(q.id) from resque.queues q)";
    const SEEN: &str = "resque.sight(), now()";
    let world = World::new().await;
    let _old = old_snapshot(&world).await;
    work_off(&world, &world.backend, DONE).await;
    let slot = world.register(0).await;
    let mut raw = world.raw().await;
    let none = "'{}', ".repeat(19);
    for statement in [
        "select resque.push_one('q', 'a')".to_owned(),
        "select resque.push(array['q'], array[1], array['a'::bytea], '{}', '{}', '{}')".to_owned(),
        format!("select resque.reserve(array['{slot}'], {QUEUES}, array[{DONE}], {SEEN})"),
        format!(
            "select resque.exchange(array['{slot}'], {none} '{{1}}', {QUEUES}, array[{DONE}], {SEEN})"
        ),
        format!("select resque.pop({QUEUES}, array[{DONE}], 9, resque.sight())"),
    ] {
        let entries = entries(&mut raw, "jobs_pkey", &statement).await;
        assert!(entries < FEW, "{entries} for {statement}");
    }
    // They are there.
    let thorough = format!("select resque.pop({QUEUES}, '{{0}}', 9, resque.sight())");
    let all = entries(&mut raw, "jobs_pkey", &thorough).await;
    assert!(all >= i64::try_from(DONE).unwrap(), "{all}");
}

#[tokio::test]
async fn the_old_versions_of_a_worker_are_not_walked_over() {
    let world = World::new().await;
    let slot = world.register(0).await;
    let _old = old_snapshot(&world).await;
    let mut raw = world.raw().await;
    raw.run(
        "do $$ begin for i in 1..2000 loop update resque.workers set processed = i; end loop; end $$",
    )
    .await;
    raw.run("set enable_seqscan = off; set enable_bitmapscan = off")
        .await;
    let none = "'{}', ".repeat(19);
    for statement in [
        format!(
            "select resque.exchange(array['{slot}'], {none} '{{1}}', '{{}}', '{{}}',
                resque.sight(), now())"
        ),
        format!("select resque.reserve(array['{slot}'], '{{}}', '{{}}', resque.sight(), now())"),
    ] {
        let entries = entries(&mut raw, "workers_pkey", &statement).await;
        assert!(entries <= 4, "{entries} for {statement}");
    }
    // They are there, but for those that share a page with another one.
    let plain = format!("select from resque.workers where id = '{slot}'");
    let all = entries(&mut raw, "workers_pkey", &plain).await;
    assert!(all >= 10, "{all}");
}

#[tokio::test]
async fn a_client_begins_where_jobs_are_and_at_the_very_beginning_by_time() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    raw.run(
        "create table resque.begun (place bigint, nth serial); \
        alter function resque.take rename to take_anyway; \
        create function resque.take(p_queues integer[], p_from bigint[], p_count integer) \
            returns resque.taken language plpgsql as $$ begin \
            insert into resque.begun (place) values (p_from[1]); \
            return resque.take_anyway(p_queues, p_from, p_count); end $$",
    )
    .await;
    let clock = ManualClock::new();
    let builder = PostgresBackend::builder(world.config.clone());
    let backend = builder.clock(Arc::new(clock.clone())).connect().await;
    let backend = backend.expect("a backend");
    work_off(&world, &backend, 2_000).await;
    let from: QueueList = "q".parse().unwrap();
    for millis in [0, 0, 49, 1, 0] {
        clock.advance(Duration::from_millis(millis));
        let popped = backend.queues().pop(&from, 1).await.unwrap();
        assert!(popped.is_empty());
    }
    let mut begun = Vec::new();
    for nth in 1..=6 {
        let place = format!("select place from resque.begun where nth = {nth}");
        begun.push(raw.number(&place).await);
    }
    assert_eq!(begun, [0, 2_000, 2_000, 2_000, 0, 2_000]);
}

#[tokio::test]
async fn a_job_whose_transaction_ended_long_after_it_is_found_by_who_sleeps() {
    const PUT: &str =
        "select resque.push(array['q'], array[1], array['late'::bytea], '{}', '{}', '{}')";
    let world = World::new().await;
    let queue = "q".parse().unwrap();
    world.backend.queues().create_queue(&queue).await.unwrap();
    let mut late = world.raw().await;
    late.run(&format!("begin; {PUT}")).await;
    work_off(&world, &world.backend, 2_000).await;
    let slot = world.register(0).await;
    let slots = std::slice::from_ref(&slot);
    assert!(given(&world.exchange(&[], slots, "q").await).is_empty());
    late.run("commit").await;
    let from: QueueList = "q".parse().unwrap();
    let waiting = world.backend.queues().waiting().unwrap();
    let found = async {
        loop {
            let ticket = waiting.ticket(&from).await.unwrap();
            let taken = world.exchange(&[], slots, "q").await;
            if !taken.reserved.is_empty() {
                return given(&taken);
            }
            waiting.wait(ticket, &from).await.unwrap();
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), found).await;
    assert_eq!(found.expect("to look again"), ["late"]);
}

#[tokio::test]
async fn jobs_of_one_late_transaction_come_in_their_order_however_many_they_are() {
    let world = World::new().await;
    let queue = "q".parse().unwrap();
    world.backend.queues().create_queue(&queue).await.unwrap();
    let mut late = world.raw().await;
    late.run(
        "begin; select resque.push(array['q'], array_fill(1, array[3000]), \
            array(select convert_to(i::text, 'UTF8') from generate_series(1, 3000) i), \
            '{}', '{}', '{}')",
    )
    .await;
    work_off(&world, &world.backend, 1).await;
    late.run("commit").await;
    // The last thousand lie where the database looks back by itself.
    let from: QueueList = "q".parse().unwrap();
    for expected in ["1", "2", "3"] {
        let popped = world.backend.queues().pop(&from, 1).await.unwrap();
        assert_eq!(popped[0].payload.to_text_lossy(), expected);
    }
}
