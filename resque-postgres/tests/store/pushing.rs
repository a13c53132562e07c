//! Pushes that go together, and what a push answers.

use std::collections::HashSet;

use resque_core::{Enqueue, Pushed};

use crate::support::{World, job, push, until};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_pushes_go_together_and_each_caller_keeps_its_order() {
    const CALLERS: usize = 64;
    const EACH: usize = 5;
    let world = World::new().await;
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let backend = world.backend.clone();
        callers.push(tokio::spawn(async move {
            for number in 0..EACH {
                push(&backend, "q", &[&format!("{caller}/{number}")]).await;
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let waiting = world.waiting("q").await;
    assert_eq!(waiting.iter().collect::<HashSet<_>>().len(), CALLERS * EACH);
    for caller in 0..CALLERS {
        let own = waiting
            .iter()
            .filter(|job| job.starts_with(&format!("{caller}/")));
        let expected: Vec<_> = (0..EACH)
            .map(|number| format!("{caller}/{number}"))
            .collect();
        assert_eq!(own.cloned().collect::<Vec<_>>(), expected);
    }
    let transactions = "select count(distinct xmin::text) from resque.jobs";
    let transactions = world.raw().await.number(transactions).await;
    let one_by_one = i64::try_from(CALLERS * EACH).unwrap();
    assert!(transactions < one_by_one / 2, "{transactions} transactions");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_dropped_while_pushing_holds_nobody_up() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    // The first push waits for this transaction, which makes the same queue.
    raw.run("begin; insert into resque.queues (name) values ('q')")
        .await;
    let first = tokio::spawn({
        let backend = world.backend.clone();
        async move { push(&backend, "q", &["first"]).await }
    });
    let held_up = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like \
        '%push_one(%'";
    let mut observer = world.raw().await;
    until("the first push waits", async || {
        observer.number(held_up).await > 0
    })
    .await;
    let second = tokio::spawn({
        let backend = world.backend.clone();
        async move { push(&backend, "other", &["second"]).await }
    });
    tokio::task::yield_now().await;
    first.abort();
    second.await.unwrap();
    assert_eq!(world.waiting("other").await, ["second"]);
    raw.run("rollback").await;
}

#[tokio::test]
async fn a_long_queue_is_counted_to_ten() {
    let world = World::new().await;
    let jobs: Vec<Enqueue> = (0..150)
        .map(|number| job("q", &number.to_string()))
        .collect();
    let pushed = world.backend.queues().push(&jobs).await.unwrap();
    assert_eq!(pushed.last(), Some(&Pushed::Queued { length: 10 }));
    let pushed = world.backend.queues().push(&jobs[..1]).await.unwrap();
    assert_eq!(pushed, [Pushed::Queued { length: 10 }]);
    let listing = world.backend.queues().queues().await.unwrap();
    assert_eq!(listing.get("q").unwrap().length, 151);
}
