//! Running jobs that somebody wants to end.

use std::sync::Arc;

use resque_core::testing::{Fault, Operation};
use resque_core::worker::Event;
use resque_core::{Client, Hooks, JobError, JobFailure, JobLimits};
use tokio::sync::mpsc;

use crate::world::{Gate, Running, World, start, until};

fn client(world: &World) -> Client {
    Client::new(world.store.clone()).with_clock(Arc::new(world.clock.clone()))
}

async fn cancelled(worker: &mut Running) {
    worker
        .event(|event| matches!(event, Event::Cancelled { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn a_cancelled_job_hears_of_it_and_fails_for_good() {
    let world = World::new();
    world.push("Waits", 0..1).await;
    let builder = world
        .worker()
        .register_fn("Waits", |_: Vec<u32>, ctx| async move {
            ctx.cancellation().cancelled().await;
            Err(JobError::new("Stopped", "half done"))
        });
    let mut worker = start(builder);
    let job = worker.started().await;
    let id = job.worker.unwrap();
    assert!(client(&world).cancel(id.as_str()).await.unwrap());
    let _flow = world.flow();
    cancelled(&mut worker).await;
    worker.settled(1).await;
    assert!(
        !client(&world).cancel(id.as_str()).await.unwrap(),
        "it is idle"
    );
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed), (1, 1));
    let failure = world.failures().await.remove(0);
    assert_eq!(failure.exception, "Resque::Cancelled");
    assert_eq!(
        failure.error,
        "The job was cancelled while it ran; it said: Stopped: half done"
    );
}

#[tokio::test]
async fn a_job_that_does_not_listen_is_dropped_and_the_next_one_is_spared() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..2).await;
    let mut worker = start(gate.on(world.worker()));
    worker.started().await;
    let working = client(&world).working().await.unwrap();
    let held: Vec<_> = working
        .into_iter()
        .filter_map(|worker| worker.holds)
        .collect();
    assert_eq!(client(&world).cancel_held(&held).await.unwrap(), 1);
    let flow = world.flow();
    cancelled(&mut worker).await;
    worker.settled(1).await;
    worker.started().await;
    let beats = world.faults.calls(Operation::Marked);
    let looks = async || world.faults.calls(Operation::Marked) >= beats + 3;
    until("it was looked for cancelled jobs again", looks).await;
    drop(flow);
    gate.open(1);
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!(
        (report.processed, report.failed, report.released),
        (2, 1, 0)
    );
    let failures = world.failures().await;
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].error, "The job was cancelled while it ran");
}

#[tokio::test]
async fn a_cancelled_job_runs_its_failure_hooks_once_whether_it_listens_or_not() {
    for listens in [false, true] {
        let world = World::new();
        world.push("Job", 0..1).await;
        let (told, mut heard) = mpsc::unbounded_channel();
        let hooks = Hooks::new().on_failure("tell", move |_, failure: JobFailure| {
            let told = told.clone();
            async move { Ok(told.send(failure.exception)?) }
        });
        let builder =
            world
                .worker()
                .hooks(hooks)
                .register_fn("Job", move |_: Vec<u32>, ctx| async move {
                    if listens {
                        ctx.cancellation().cancelled().await;
                        return Err(JobError::new("Stopped", "half done"));
                    }
                    std::future::pending().await
                });
        let mut worker = start(builder);
        let id = worker.started().await.worker.unwrap();
        assert!(client(&world).cancel(id.as_str()).await.unwrap());
        let flow = world.flow();
        worker.settled(1).await;
        drop(flow);
        worker.quit().await;
        // What ends by itself has told its hooks what it said.
        let wanted = if listens {
            "Stopped"
        } else {
            "Resque::Cancelled"
        };
        assert_eq!(heard.try_recv().unwrap(), wanted);
        assert!(heard.try_recv().is_err());
        let failure = world.failures().await.remove(0);
        assert_eq!(failure.exception, "Resque::Cancelled");
    }
}

#[tokio::test]
async fn a_cancelled_job_that_is_put_back_begins_a_new_life() {
    let world = World::new();
    let gate = Gate::new();
    let job = r#"{"class":"Gate","args":[],"rs":{"attempts":2,"first_at":1000}}"#;
    world.push_raw("q", [job]).await;
    let mut worker = start(gate.on(world.worker()));
    let id = worker.started().await.worker.unwrap();
    assert!(client(&world).cancel(id.as_str()).await.unwrap());
    let flow = world.flow();
    worker.settled(1).await;
    drop(flow);
    assert_eq!(world.failures().await.remove(0).attempts(), 3);
    let retried = client(&world).failures().unwrap().retry_all().await;
    assert_eq!(retried.unwrap(), 1);
    let _flow = world.flow();
    assert_eq!(worker.started().await.attempt, 1);
    gate.open(1);
    worker.settled(1).await;
    worker.quit().await;
}

#[tokio::test]
async fn a_cancelled_job_that_is_done_nevertheless_is_done() {
    let world = World::new();
    world.push("Waits", 0..1).await;
    let builder = world
        .worker()
        .register_fn("Waits", |_: Vec<u32>, ctx| async move {
            ctx.cancellation().cancelled().await;
            Ok(())
        });
    let mut worker = start(builder);
    let id = worker.started().await.worker.unwrap();
    assert!(client(&world).cancel(id.as_str()).await.unwrap());
    let _flow = world.flow();
    worker.settled(1).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed), (1, 0));
}

#[tokio::test]
async fn nobody_works_on_what_is_to_be_cancelled() {
    let world = World::new();
    assert!(!client(&world).cancel("h:1:q").await.unwrap());
}

#[tokio::test]
async fn a_job_is_cancelled_even_while_nothing_that_jobs_hold_can_be_renewed() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let limits = JobLimits::<Vec<serde_json::Value>>::new().at_most(1);
    let mut worker = start(gate.on(world.worker()).limits("Gate", limits));
    let id = worker.started().await.worker.unwrap();
    world
        .faults
        .plan(|operation| (operation == Operation::Renew).then_some(Fault::NotExecuted));
    assert!(client(&world).cancel(id.as_str()).await.unwrap());
    let flow = world.flow();
    cancelled(&mut worker).await;
    worker.settled(1).await;
    drop(flow);
    assert!(world.faults.calls(Operation::Renew) > 0);
    world.faults.none();
    assert_eq!(world.failures().await[0].exception, "Resque::Cancelled");
    worker.quit().await;
}
