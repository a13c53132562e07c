//! A worker tries jobs again: its own that failed, and those of the dead.

use std::time::Duration;

use resque_core::wire::extra::Extras;
use resque_core::worker::{Ending, Event};
use resque_core::{Clock, Decision, FailureRecord, Hooks, JobFailure, Payload, RetryPolicy};

use crate::stores::Plain;
use crate::upkeep::{die, pruned};
use crate::world::{Running, World, start};

fn patient() -> RetryPolicy {
    RetryPolicy::fixed(Duration::from_secs(5)).max_attempts(3)
}

async fn ending(worker: &mut Running) -> Ending {
    worker
        .event(|event| match event {
            Event::JobFinished { ending, .. } => Some(ending.clone()),
            _ => None,
        })
        .await
}

async fn recovered(worker: &mut Running) -> JobFailure {
    worker
        .event(|event| match event {
            Event::Recovered { failure, .. } => Some(failure.clone()),
            _ => None,
        })
        .await
}

/// The jobs that wait for their time.
async fn delayed(world: &World) -> Vec<Payload> {
    let delayed = world.store.queues().delayed().unwrap();
    let page = delayed.list(None, 100).await.unwrap();
    page.jobs.into_iter().map(|job| job.payload).collect()
}

async fn only_failure(world: &World) -> FailureRecord {
    let mut failures = world.failures().await;
    assert_eq!(failures.len(), 1);
    failures.remove(0)
}

#[tokio::test]
async fn a_failed_job_is_tried_again_in_store_time_until_its_policy_ends() {
    let world = World::new();
    let mut worker = start(world.worker().retry(patient()));
    world
        .push_raw("q", [r#"{"class":"Fail","args":["no"]}"#])
        .await;
    let began = world.clock.monotonic();
    for attempt in 1..=2 {
        let Ending::Retried { failure, at } = ending(&mut worker).await else {
            panic!("attempt {attempt} is not the last one");
        };
        assert_eq!((&*failure.error, failure.retry_at()), ("no", Some(at)));
        worker.settled(1).await;
        let waiting = Extras::read(delayed(&world).await[0].as_bytes());
        assert_eq!(waiting.attempts, attempt);
        world.pass(6, 4).await;
    }
    assert!(matches!(ending(&mut worker).await, Ending::Failed(_)));
    worker.settled(1).await;
    assert!(world.clock.monotonic() - began >= Duration::from_secs(10));
    assert_eq!(only_failure(&world).await.attempts(), 3);
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed, report.retried), (3, 3, 2));
    assert_eq!(
        (world.stat("processed").await, world.stat("failed").await),
        (3, 3)
    );
    assert!(
        report.to_string().contains("2 to be tried again"),
        "{report}"
    );
}

#[tokio::test]
async fn panics_and_timeouts_are_tried_again_too() {
    let world = World::new();
    let worker = world
        .worker()
        .job_timeout(Duration::from_secs(30))
        .timeout_grace(Duration::ZERO)
        .register_fn("Deaf", |(): (), _| async {
            std::future::pending::<()>().await;
            Ok(())
        });
    let mut worker = start(worker.retry(patient()));
    world
        .push_raw("q", [r#"{"class":"Panic","args":[]}"#])
        .await;
    assert!(matches!(ending(&mut worker).await, Ending::Retried { .. }));
    world.push_raw("q", [r#"{"class":"Deaf","args":[]}"#]).await;
    let flow = world.flow();
    worker
        .event(|event| match event {
            Event::JobFinished {
                ending: Ending::Retried { failure, .. },
                ..
            } => (failure.exception == "Resque::JobTimeout").then_some(()),
            _ => None,
        })
        .await;
    drop(flow);
    worker.handle.stop_now();
}

#[tokio::test]
async fn a_store_that_lets_no_job_wait_fails_it_at_once() {
    let world = World::new();
    let plain = Plain::wrap(&world.store);
    let mut worker = start(world.worker_of(plain).retry(patient()));
    world
        .push_raw("q", [r#"{"class":"Fail","args":["no"]}"#])
        .await;
    assert!(matches!(ending(&mut worker).await, Ending::Failed(_)));
    worker.settled(1).await;
    assert_eq!(only_failure(&world).await.attempts(), 1);
    worker.handle.stop_now();
}

#[tokio::test]
async fn the_job_of_a_dead_worker_is_tried_again_and_that_counts_as_an_attempt() {
    let world = World::new();
    world.push("Ok", 7..8).await;
    let dead = die(&world, "web1~abcde:42-0:q").await;
    let mut worker = start(world.worker().retry(patient()));
    world.pass(66, 4).await;
    let failure = recovered(&mut worker).await;
    assert_eq!(failure.exception, "Resque::PruneDeadWorkerDirtyExit");
    assert!(failure.retry_at().is_some());
    assert_eq!(pruned(&mut worker).await, dead);
    let waiting = delayed(&world).await.remove(0);
    let told = Extras::read(waiting.as_bytes());
    assert_eq!((told.attempts, told.deaths.len()), (1, 1));
    let death = &told.deaths[0];
    assert_eq!((&*death.host, death.pid), ("web1", Some(42)));
    assert!(death.heartbeat.is_some());
    // Nothing is counted: the attempt never ended by itself.
    assert_eq!(
        (world.stat("processed").await, world.stat("failed").await),
        (0, 0)
    );

    world.pass(6, 4).await;
    assert_eq!(ending(&mut worker).await, Ending::Done);
    let report = worker.quit().await;
    assert_eq!((report.recovered, report.processed), (1, 1));
    assert_eq!(world.failures().await, []);
}

#[tokio::test]
async fn a_job_that_costs_three_workers_is_quarantined() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let policy = RetryPolicy::fixed(Duration::ZERO).max_attempts(100);
    let only_janitor = || world.worker().queues("nothing").retry(policy.clone());
    for death in 1..=3 {
        die(&world, &format!("web{death}~abcde:1-0:q")).await;
        let mut worker = start(only_janitor());
        world.pass(66, 4).await;
        let decision = recovered(&mut worker).await.decision;
        let is_last = decision == Some(Decision::Quarantine);
        assert_eq!(is_last, death == 3, "death {death}: {decision:?}");
        // The promoter puts it back into its queue.
        world.pass(2, 4).await;
        worker.quit().await;
    }
    let record = only_failure(&world).await;
    assert!(
        record
            .error
            .ends_with("(the job has cost 3 workers and is tried no more)")
    );
    let hosts: Vec<_> = record
        .history()
        .deaths
        .into_iter()
        .map(|death| death.host)
        .collect();
    assert_eq!(hosts, ["web1", "web2", "web3"]);
    assert_eq!((world.waiting().await, delayed(&world).await), (0, vec![]));
}

#[tokio::test]
async fn a_stranger_does_not_apply_its_policy_to_a_class_it_does_not_know() {
    let world = World::new();
    world.push("Elsewhere", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let mut worker = start(world.worker().retry(patient()));
    world.pass(119, 4).await;
    assert_eq!(
        (world.failures().await, delayed(&world).await),
        (vec![], vec![])
    );
    world.pass(7, 4).await;
    pruned(&mut worker).await;
    let record = only_failure(&world).await;
    assert_eq!(
        record.payload.to_text_lossy(),
        r#"{"class":"Elsewhere","args":[0]}"#
    );
    worker.quit().await;
}

#[tokio::test]
async fn janitors_that_race_let_a_job_wait_once() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let policy = RetryPolicy::fixed(Duration::from_secs(1_000));
    let workers: Vec<_> = (0..4)
        .map(|_| start(world.worker().retry(policy.clone())))
        .collect();
    world.pass(70, 16).await;
    assert_eq!(
        (delayed(&world).await.len(), world.failures().await.len()),
        (1, 0)
    );
    let mut recovered = 0;
    for worker in workers {
        recovered += worker.quit().await.recovered;
    }
    assert_eq!((recovered, world.registered().await), (1, 0));
}

#[tokio::test]
async fn a_janitor_whose_replies_are_lost_lets_a_job_wait_once() {
    use resque_core::testing::{Fault, Operation};

    let world = World::new();
    world.push("Ok", 0..1).await;
    die(&world, "web1~abcde:1-0:q").await;
    let policy = RetryPolicy::fixed(Duration::from_secs(1_000));
    let worker = start(world.worker().retry(policy));
    world.pass(60, 4).await;
    for operation in [Operation::Dead, Operation::Exchange, Operation::Unregister] {
        world.faults.next(operation, Fault::ReplyLost);
        world.faults.next(operation, Fault::NotExecuted);
    }
    world.pass(90, 4).await;
    let told = delayed(&world).await;
    assert_eq!((told.len(), world.failures().await.len()), (1, 0));
    assert_eq!(Extras::read(told[0].as_bytes()).deaths.len(), 1);
    assert_eq!(world.registered().await, 1);
    world.faults.none();
    worker.quit().await;
}

#[tokio::test]
async fn the_failure_hooks_of_a_dead_workers_job_are_told_of_the_retry() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let dead = die(&world, "web1~abcde:1-0:q").await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let hooks = Hooks::new().on_failure("tell", move |ctx, failure: JobFailure| {
        let told = told.clone();
        let worker = ctx.worker().cloned();
        async move { Ok(told.send((worker, failure.retry_at().is_some()))?) }
    });
    let worker = start(world.worker().hooks(hooks).retry(patient()));
    world.pass(66, 4).await;
    assert_eq!(heard.recv().await.unwrap(), (Some(dead), true));
    worker.quit().await;
}
