//! Corners of reserving that need a second transaction at the right moment.

use std::slice::from_ref;

use resque_core::{QueueList, Settled, Settlement};

use crate::support::{World, given, push};

#[tokio::test]
async fn a_job_whose_transaction_ended_late_is_not_passed_over() {
    let world = World::new().await;
    world.push("q", &["first"]).await;
    let (one, two) = (world.register(0).await, world.register(1).await);
    let mut late = world.raw().await;
    let put = "select resque.push(array['q'], array[1], array['late'::bytea], '{}', '{}', '{}')";
    late.run(&format!("begin; {put}")).await;
    world.push("q", &["second"]).await;
    let taken = world.exchange(&[], &[one.clone(), two.clone()], "q").await;
    assert_eq!(given(&taken), ["first", "second"]);
    late.run("commit").await;
    let done: Vec<_> = taken
        .reserved
        .into_iter()
        .map(|job| Settlement::done(job.receipt))
        .collect();
    let taken = world.exchange(&done, &[one, two], "q").await;
    assert_eq!(given(&taken), ["late"]);
}

#[tokio::test]
async fn a_queue_that_somebody_else_has_made_is_served_in_its_place() {
    let world = World::new().await;
    world.push("b", &["b"]).await;
    let all: QueueList = "*".parse().unwrap();
    assert_eq!(world.backend.queues().pop(&all, 1).await.unwrap().len(), 1);
    let twin = world.twin().await;
    push(&twin, "b", &["b"]).await;
    push(&twin, "a", &["a"]).await;
    let popped = world.backend.queues().pop(&all, 1).await.unwrap();
    assert_eq!(popped[0].queue.as_str(), "a");
    assert_eq!(world.waiting("b").await, ["b"]);
    push(&twin, "0", &["0"]).await;
    let slot = world.register(0).await;
    assert_eq!(given(&world.exchange(&[], &[slot], "*").await), ["0"]);
}

#[tokio::test]
async fn no_more_bytes_are_given_at_once_than_fit_and_always_one_job() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    let few = "create or replace function resque.most_bytes() returns bigint
        language sql immutable as 'select 10::bigint'";
    raw.run(few).await;
    world
        .push("q", &["1234", "5678", "90ab", "too long to fit", "c"])
        .await;
    let mut slots = Vec::new();
    for number in 0..5 {
        slots.push(world.register(number).await);
    }
    for expected in [
        vec!["1234", "5678"],
        vec!["90ab"],
        vec!["too long to fit"],
        vec!["c"],
    ] {
        let free = slots.split_off(0);
        let taken = world.exchange(&[], &free, "q").await;
        assert_eq!(given(&taken), expected);
        slots = free[expected.len()..].to_vec();
    }
    assert!(world.waiting("q").await.is_empty());
    // The same holds of what is given again.
    let slots: Vec<_> = (0..5).map(crate::support::slot).collect();
    let again = world.exchange(&[], &slots, "q").await;
    assert_eq!(given(&again), ["1234", "5678"]);
    let again = world.exchange(&[], &slots[2..], "q").await;
    assert_eq!(given(&again), ["90ab"]);
    // And of what is taken for good.
    world.push("q", &["123456", "7890ab"]).await;
    let popped = world.backend.queues().pop(&"q".parse().unwrap(), 9).await;
    assert_eq!(popped.unwrap().len(), 1);
}

#[tokio::test]
async fn many_queues_are_served_in_order_too() {
    let world = World::new().await;
    for number in 0..50 {
        let queue = format!("q{number:02}");
        world
            .backend
            .queues()
            .create_queue(&queue.parse().unwrap())
            .await
            .unwrap();
    }
    for queue in ["q41", "q07", "q33"] {
        world.push(queue, &[queue]).await;
    }
    let mut slots = Vec::new();
    for number in 0..4 {
        slots.push(world.register(number).await);
    }
    let taken = world.exchange(&[], &slots, "q33,*").await;
    assert_eq!(given(&taken), ["q33", "q07", "q41"]);
}

#[tokio::test]
async fn a_held_job_is_a_row_that_anybody_can_see() {
    let world = World::new().await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let taken = world.exchange(&[], &[slot], "q").await;
    let mut raw = world.raw().await;
    let held =
        "select count(*) from resque.workers where queue = 'q' and payload = 'a' and number > 0";
    assert_eq!(raw.number(held).await, 1);
    assert_eq!(raw.number("select count(*) from resque.jobs").await, 0);
    // No transaction is open while the job runs.
    let open = format!(
        "select count(*) from pg_stat_activity where state like 'idle in transaction%'
            and query like '%\"{}\".%'",
        world.config.namespace()
    );
    assert_eq!(raw.number(&open).await, 0);
    let done = Settlement::done(taken.reserved[0].receipt.clone());
    let settled = world.exchange(&[done], &[], "q").await.settled;
    assert!(matches!(settled[..], [Settled::Applied]), "{settled:?}");
    assert_eq!(raw.number(held).await, 0);
}

#[tokio::test]
async fn a_worker_that_leaves_does_not_lower_the_totals() {
    let world = World::new().await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let taken = world.exchange(&[], from_ref(&slot), "q").await;
    let done = Settlement::done(taken.reserved[0].receipt.clone());
    world.exchange(&[done], &[], "q").await;
    let workers = world.backend.workers();
    workers.set_stat("processed", 40).await.unwrap();
    workers
        .clear_stat(&format!("processed:{slot}"))
        .await
        .unwrap();
    assert_eq!(workers.stat("processed").await.unwrap(), 40);
    workers
        .unregister(&[resque_core::Leaving::new(slot)])
        .await
        .unwrap();
    assert_eq!(workers.stat("processed").await.unwrap(), 40);
    assert_eq!(workers.incr_stat("processed", 2).await.unwrap(), 42);
}

#[tokio::test]
async fn a_worker_that_gets_a_job_in_the_same_moment_gets_no_second_one() {
    let world = World::new().await;
    world.push("q", &["a"]).await;
    let slot = world.register(0).await;
    let (mut other, mut raw) = (world.raw().await, world.raw().await);
    let give = "begin; update resque.workers set number = 7, queue = 'q', payload = 'held',
        since = now(), waited_since = now()";
    other.run(give).await;
    let reserving = tokio::spawn({
        let (queues, now) = (world.backend.queues().clone(), world.now);
        async move {
            let from = "q".parse().unwrap();
            queues.exchange(&[], &[slot], &from, now).await.unwrap()
        }
    });
    let waits = format!(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock'
            and query like '%\"{}\".reserve%'",
        world.config.namespace()
    );
    while raw.number(&waits).await == 0 {
        tokio::task::yield_now().await;
    }
    other.run("commit").await;
    let taken = reserving.await.unwrap();
    assert_eq!(given(&taken), ["held"]);
    assert!(taken.reserved[0].redelivered);
    assert_eq!(world.waiting("q").await, ["a"]);
}
