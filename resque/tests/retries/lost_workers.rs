//! After a worker was lost.

use std::time::Duration;

use resque::wire::extra::Extras;
use resque::worker::{Event, WorkerBuilder};
use resque::{Decision, JobFailure, RetryPolicy};

use crate::on_every_store;
use crate::world::{Running, World};

on_every_store! {
    the_job_of_a_lost_worker_is_tried_again,
    a_job_that_costs_three_workers_is_quarantined,
    racing_workers_try_a_job_again_once,
}

/// A worker that believes half of this of the silence before it came, which the tests wait for; long
/// enough that it is not taken for dead itself on a busy machine.
const SILENCE: Duration = Duration::from_secs(6);

fn worker(world: &World, queues: &str) -> WorkerBuilder {
    world.worker(queues).prune_after(SILENCE)
}

async fn recovered(worker: &mut Running) -> JobFailure {
    worker
        .saw(|event| match event {
            Event::Recovered { failure, .. } => Some(failure.clone()),
            _ => None,
        })
        .await
}

async fn the_job_of_a_lost_worker_is_tried_again(world: World) {
    world.push(r#"{"class":"Flaky","args":[1]}"#).await;
    world.lose_worker("web1").await;
    let mut worker = Running::start(worker(&world, "q"));
    let failure = recovered(&mut worker).await;
    assert!(failure.retry_at().is_some(), "{failure:?}");
    // The lost attempt was the first; the second comes to a good end.
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!(
        (report.recovered, report.processed, report.failed),
        (1, 1, 0)
    );
    assert_eq!(
        world.counts().await,
        (1, 0),
        "the lost attempt is not counted"
    );
    assert_eq!(
        (world.failures().await, world.delayed().await),
        (vec![], vec![])
    );
}

async fn a_job_that_costs_three_workers_is_quarantined(world: World) {
    world.push(r#"{"class":"Flaky","args":[0]}"#).await;
    let policy = RetryPolicy::fixed(Duration::ZERO).max_attempts(100);
    world.lose_worker("web1").await;
    let mut worker = Running::start(worker(&world, "nothing").retry(policy));
    for death in 1..=3 {
        let decision = recovered(&mut worker).await.decision;
        if death == 3 {
            assert_eq!(decision, Some(Decision::Quarantine));
            break;
        }
        assert!(
            matches!(decision, Some(Decision::RetryAt(_))),
            "{death}: {decision:?}"
        );
        worker
            .saw(|event| matches!(event, Event::Promoted { .. }).then_some(()))
            .await;
        let waiting = world.queued().await;
        assert_eq!(Extras::read(waiting[0].as_bytes()).deaths.len(), death);
        world.lose_worker(&format!("web{}", death + 1)).await;
    }
    worker.quit().await;
    let record = world.failures().await.remove(0);
    assert_eq!(record.exception, "Resque::PruneDeadWorkerDirtyExit");
    let end = "(the job has cost 3 workers and is tried no more)";
    assert!(record.error.ends_with(end), "{}", record.error);
    let history = record.history();
    let hosts: Vec<_> = history.deaths.iter().map(|death| &*death.host).collect();
    assert_eq!(
        (record.attempts(), &hosts[..]),
        (3, &["web1", "web2", "web3"][..])
    );
    assert!(history.deaths.iter().all(|death| death.heartbeat.is_some()));
    assert_eq!(world.counts().await, (0, 0));
}

async fn racing_workers_try_a_job_again_once(world: World) {
    for _ in 0..10 {
        world.push(r#"{"class":"Flaky","args":[0]}"#).await;
    }
    for number in 0..10 {
        world.lose_worker(&format!("web{number}")).await;
    }
    let hour = Duration::from_secs(3_600);
    let policy = || RetryPolicy::fixed(hour);
    let mut workers: Vec<_> = (0..3)
        .map(|_| Running::start(worker(&world, "q").retry(policy())))
        .collect();
    // Whoever was slower finds nothing left to do.
    let pruned = |event: &Event| matches!(event, Event::Pruned { .. }).then_some(());
    let mut gone = 0;
    while gone < 10 {
        let (first, rest) = workers.split_at_mut(1);
        let (second, third) = rest.split_at_mut(1);
        tokio::select! {
            () = first[0].saw(pruned) => gone += 1,
            () = second[0].saw(pruned) => gone += 1,
            () = third[0].saw(pruned) => gone += 1,
        }
    }
    let mut recovered = 0;
    for worker in workers {
        recovered += worker.quit().await.recovered;
    }
    assert_eq!((recovered, world.failures().await.len()), (10, 0));
    let told = world.delayed().await;
    assert_eq!(told.len(), 10);
    assert!(
        told.iter()
            .all(|job| Extras::read(job.as_bytes()).attempts == 1)
    );
}
