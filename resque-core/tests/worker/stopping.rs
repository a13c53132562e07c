//! Stopping, and what becomes of running jobs.

use std::sync::Mutex;
use std::time::Duration;

use resque_core::worker::{
    Event, OnTerm, Phase, Polling, StopCause, StopReason, StopReport, WorkerBuilder,
};
use resque_core::{Hooks, JobFailure, RetryPolicy};
use tokio::sync::mpsc;

use crate::world::{Gate, World, start, until};

/// Blocks its thread until the test drops the sender.
pub(crate) fn block(builder: WorkerBuilder) -> (WorkerBuilder, std::sync::mpsc::Sender<()>) {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(Some(blocked));
    let builder = builder.register_fn("Block", move |_: Vec<serde_json::Value>, _| {
        let blocked = blocked.lock().unwrap().take();
        async move {
            if let Some(blocked) = blocked {
                let _ = blocked.recv();
            }
            Ok(())
        }
    });
    (builder, release)
}

#[tokio::test]
async fn quit_waits_for_running_jobs_and_takes_no_more() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..3).await;
    let mut worker = start(gate.on(world.worker().concurrency(2)));
    worker.started().await;
    worker.started().await;
    worker.handle.quit();
    worker.phase(Phase::Finishing).await;
    world.pass(3_600, 3).await;
    assert_eq!(worker.handle.phase(), Phase::Finishing);
    gate.open(3);
    let report = worker.end().await;
    assert_eq!((report.processed, report.released), (2, 0));
    assert_eq!((world.waiting().await, world.registered().await), (1, 0));
}

#[tokio::test]
async fn jobs_that_end_when_cancelled_are_settled_normally() {
    let world = World::new();
    world.push("Polite", 0..2).await;
    let builder = world.worker().concurrency(2).register_fn(
        "Polite",
        |_: Vec<serde_json::Value>, ctx| async move {
            ctx.cancellation().cancelled().await;
            Ok(())
        },
    );
    let mut worker = start(builder);
    worker.started().await;
    worker.started().await;
    worker.handle.stop_now();
    let report = worker.end().await;
    assert_eq!(report.reason, StopReason::StopNow(StopCause::Handle));
    assert_eq!((report.processed, report.released), (2, 0));
}

#[tokio::test]
async fn jobs_that_do_not_end_in_time_go_back_to_the_front_in_order() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..6).await;
    let released = |n| format!(r#"{{"class":"Gate","args":[{n}],"rs":{{"releases":1}}}}"#);
    let untouched = |n| format!(r#"{{"class":"Gate","args":[{n}]}}"#);
    let wanted: Vec<_> = (0..4).map(released).chain((4..6).map(untouched)).collect();
    let mut worker = start(gate.on(world.worker().concurrency(4)));
    for _ in 0..4 {
        worker.started().await;
    }
    worker.handle.stop_now();
    worker.phase(Phase::Cancelling).await;
    let _flow = world.flow();
    let report = worker.end().await;
    assert_eq!((report.processed, report.released), (0, 4));
    assert_eq!(world.queue().await, wanted);
    assert_eq!(
        (world.registered().await, world.stat("processed").await),
        (0, 0)
    );
}

/// Lets a worker begin the job that waits, and stops it at once.
async fn stop_at_once(builder: WorkerBuilder) -> StopReport {
    let mut worker = start(builder);
    worker.started().await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    worker.end().await
}

#[tokio::test]
async fn a_job_that_is_given_back_for_the_third_time_goes_to_the_failed_list() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    for count in 1..3 {
        let report = stop_at_once(gate.on(world.worker())).await;
        assert_eq!((report.processed, report.released), (0, 1));
        let wanted = format!(r#"{{"class":"Gate","args":[0],"rs":{{"releases":{count}}}}}"#);
        assert_eq!(world.queue().await, [wanted]);
    }
    let report = stop_at_once(gate.on(world.worker())).await;
    assert_eq!(
        (report.processed, report.failed, report.released),
        (1, 1, 0)
    );
    assert_eq!((world.waiting().await, world.stat("failed").await), (0, 1));
    let failures = world.failures().await;
    assert_eq!(failures[0].exception, "Resque::TermException");
    assert_eq!(
        failures[0].error,
        "SIGTERM: stopping workers have ended the job 3 times"
    );
}

#[tokio::test]
async fn a_stop_may_fail_jobs_as_in_ruby() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let report = stop_at_once(gate.on(world.worker().on_term(OnTerm::Fail))).await;
    assert_eq!(
        (report.processed, report.failed, report.released),
        (1, 1, 0)
    );
    let failures = world.failures().await;
    assert_eq!(
        (failures[0].exception.as_str(), failures[0].error.as_str()),
        ("Resque::TermException", "SIGTERM")
    );
}

/// What failure hooks were told: the exception, the class, and whether the job is tried again.
type Heard = mpsc::UnboundedReceiver<(String, String, bool)>;

/// Failure hooks that tell what they hear.
fn hearing() -> (Hooks, Heard) {
    let (told, heard) = mpsc::unbounded_channel();
    let hooks = Hooks::new().on_failure("tell", move |ctx, failure: JobFailure| {
        let told = told.clone();
        let again = failure.retry_at().is_some();
        async move { Ok(told.send((failure.exception, ctx.class().to_owned(), again))?) }
    });
    (hooks, heard)
}

fn heard(exception: &str, class: &str, again: bool) -> (String, String, bool) {
    (exception.to_owned(), class.to_owned(), again)
}

#[tokio::test]
async fn the_third_release_runs_the_failure_hooks_and_the_others_do_not() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let (hooks, mut hears) = hearing();
    for _ in 0..2 {
        stop_at_once(gate.on(world.worker().hooks(hooks.clone()))).await;
        assert!(hears.try_recv().is_err());
    }
    // With a policy too: a job that never ends in time would come back for ever.
    let worker = world.worker().retry(RetryPolicy::default());
    stop_at_once(gate.on(worker.hooks(hooks))).await;
    let told = hears.try_recv().unwrap();
    assert_eq!(told, heard("Resque::TermException", "Gate", false));
    assert!(hears.try_recv().is_err());
    assert_eq!(world.failures().await.len(), 1);
}

#[tokio::test]
async fn a_stop_that_fails_jobs_runs_their_failure_hooks_and_obeys_their_policy() {
    for again in [false, true] {
        let world = World::new();
        let gate = Gate::new();
        world.push("Gate", 0..1).await;
        let (hooks, mut hears) = hearing();
        let mut worker = world.worker().on_term(OnTerm::Fail).hooks(hooks);
        if again {
            worker = worker.retry(RetryPolicy::default());
        }
        let report = stop_at_once(gate.on(worker)).await;
        assert_eq!((report.processed, report.failed), (1, 1));
        let told = hears.try_recv().unwrap();
        assert_eq!(told, heard("Resque::TermException", "Gate", again));
        assert!(hears.try_recv().is_err());
        assert_eq!(world.failures().await.len(), usize::from(!again));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_runs_when_the_process_ends_runs_its_failure_hooks() {
    let world = World::new();
    world.push("Block", 0..1).await;
    let (hooks, mut hears) = hearing();
    let builder = world.worker().on_term(OnTerm::Fail).hooks(hooks);
    let (builder, release) = block(builder.exits_after_run());
    let mut worker = start(builder);
    worker.started().await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    worker.phase(Phase::Abandoning).await;
    let _flow = world.flow();
    worker.end().await;
    let told = hears.try_recv().unwrap();
    assert_eq!(told, heard("Resque::DirtyExit", "Block", false));
    drop(release);
}

#[tokio::test]
async fn a_worker_that_stops_does_not_wait_for_a_failure_hook_for_ever() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let hooks = Hooks::new().on_failure("hang", |_, _| std::future::pending());
    let mut worker = start(gate.on(world.worker().on_term(OnTerm::Fail).hooks(hooks)));
    worker.started().await;
    worker.handle.stop_now();
    let _flow = world.flow();
    let told = worker
        .event(|event| match event {
            Event::HookFailed { hook, error } => Some((*hook, error.clone())),
            _ => None,
        })
        .await;
    assert_eq!(told, ("on_failure", "it did not end within 4s".to_owned()));
    worker.end().await;
    assert_eq!(world.failures().await.len(), 1);
}

#[tokio::test]
async fn kill_jobs_cancels_what_runs_and_the_worker_goes_on() {
    let world = World::new();
    world.push("Polite", 0..2).await;
    let builder = world
        .worker()
        .register_fn("Polite", |(number,): (u32,), ctx| async move {
            if number == 0 {
                ctx.cancellation().cancelled().await;
            }
            Ok(())
        });
    let mut worker = start(builder);
    worker.started().await;
    worker.handle.kill_jobs();
    worker.settled(2).await;
    assert_eq!(worker.handle.phase(), Phase::Working);
    assert_eq!(worker.quit().await.processed, 2);
}

#[tokio::test]
async fn running_jobs_are_let_be_for_the_pre_shutdown_time() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let builder = gate
        .on(world.worker())
        .pre_shutdown_timeout(Duration::from_secs(10));
    let mut worker = start(builder);
    worker.started().await;
    worker.handle.stop_now();
    worker.phase(Phase::Stopping).await;
    world.pass(9, 4).await;
    assert_eq!(worker.handle.phase(), Phase::Stopping);
    gate.open(1);
    assert_eq!(worker.end().await.processed, 1);
}

#[tokio::test]
async fn a_second_stop_waits_for_no_grace() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(gate.on(world.worker()));
    worker.started().await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    let report = worker.end().await;
    assert_eq!((report.processed, report.released), (0, 1));
    assert_eq!(world.waiting().await, 1);
}

#[tokio::test]
async fn stop_overrides_quit() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(gate.on(world.worker()));
    worker.started().await;
    worker.handle.quit();
    worker.phase(Phase::Finishing).await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    let report = worker.end().await;
    assert_eq!(report.reason, StopReason::StopNow(StopCause::Handle));
    assert_eq!(report.released, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_does_not_yield_is_never_given_to_others_while_it_runs() {
    let world = World::new();
    world.push("Block", 0..1).await;
    let (builder, release) = block(world.worker());
    let mut worker = start(builder);
    worker.started().await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    worker.phase(Phase::Abandoning).await;
    let _flow = world.flow();
    let report = worker.end().await;
    assert_eq!((report.released, report.still_running.len()), (0, 1));
    assert_eq!(report.still_running[0].class, "Block");
    // It stays noted as held, for whoever finds this worker dead.
    let listing = world.store.workers().workers().await.unwrap();
    assert_eq!((world.waiting().await, listing.workers.len()), (0, 1));
    assert!(listing.workers[0].holds.is_some());
    drop(release);
}

#[tokio::test]
async fn a_dropped_run_leaves_the_registry_and_gives_its_jobs_back() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(gate.on(world.worker()));
    worker.started().await;
    worker.abort();
    worker.phase(Phase::Cancelling).await;
    let _flow = world.flow();
    worker.phase(Phase::Stopped).await;
    let left = async || world.registered().await == 0;
    until("it has left the registry", left).await;
    assert_eq!(world.waiting().await, 1);
}

#[test]
fn a_worker_without_a_runtime_makes_its_own() {
    let world = World::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(world.push("Ok", 0..5));
    let polling = Polling {
        interval: Duration::ZERO,
        ..Polling::default()
    };
    let worker = world.worker().polling(polling).build().unwrap();
    let report = worker.run_blocking().unwrap();
    assert_eq!((report.reason, report.processed), (StopReason::Idle, 5));
}

#[test]
fn the_end_of_the_jobs_runtime_ends_the_worker_and_loses_nothing() {
    let world = World::new();
    let gate = Gate::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let test = tokio::runtime::Runtime::new().unwrap();
    test.block_on(world.push("Gate", 0..3));
    let mut worker = {
        let _entered = runtime.enter();
        start(gate.on(world.worker().concurrency(2)))
    };
    test.block_on(async {
        worker.started().await;
        worker.started().await;
    });
    runtime.shutdown_background();
    test.block_on(async {
        worker.phase(Phase::Stopped).await;
        let left = async || world.registered().await == 0;
        until("it has left the registry", left).await;
        assert_eq!(world.waiting().await, 3);
    });
}
