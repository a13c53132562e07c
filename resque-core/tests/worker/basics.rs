//! Jobs are performed, settled and counted.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use resque_core::worker::{Ending, Event, Phase, StopCause, StopReason};
use tokio::sync::Barrier;

use crate::world::{Gate, World, start};

#[tokio::test]
async fn jobs_are_performed_and_the_report_tells() {
    let world = World::new();
    world.push("Ok", 0..100).await;
    let mut worker = start(world.worker().concurrency(7));
    worker.settled(100).await;
    worker.idle().await;
    let report = worker.quit().await;
    assert_eq!(report.reason, StopReason::Quit(StopCause::Handle));
    assert_eq!((report.processed, report.failed), (100, 0));
    assert_eq!(
        (world.waiting().await, world.stat("processed").await),
        (0, 100)
    );
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn a_job_pushed_to_an_idle_worker_is_performed_without_any_time_passing() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let mut worker = start(world.worker());
    worker.settled(1).await;
    worker.idle().await;
    world.push("Ok", 1..2).await;
    worker.settled(1).await;
    worker.idle().await;
    assert_eq!(worker.quit().await.processed, 2);
}

#[tokio::test]
async fn all_slots_work_at_the_same_time() {
    let world = World::new();
    let barrier = Arc::new(Barrier::new(5));
    world.push("Meet", 0..5).await;
    let builder =
        world
            .worker()
            .concurrency(5)
            .register_fn("Meet", move |_: Vec<serde_json::Value>, _| {
                let barrier = barrier.clone();
                async move {
                    barrier.wait().await;
                    Ok(())
                }
            });
    let mut worker = start(builder);
    worker.settled(5).await;
    assert_eq!(worker.quit().await.processed, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_job_that_blocks_its_thread_holds_up_no_other_of_its_batch() {
    let world = World::new();
    world.push("Block", 0..3).await;
    world.push("Ok", 3..200).await;
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let places = std::sync::atomic::AtomicUsize::new(2);
    let builder = world.worker().concurrency(200).register_fn(
        "Block",
        move |_: Vec<serde_json::Value>, _| {
            // Two threads block; the third is left for the rest.
            let place = places.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
            let blocked = place.is_ok().then(|| blocked.clone());
            async move {
                if let Some(blocked) = blocked {
                    let _ = blocked.lock().unwrap().recv();
                }
                Ok(())
            }
        },
    );
    let mut worker = start(builder);
    worker.settled(198).await;
    drop(release);
    worker.settled(2).await;
    assert_eq!(worker.quit().await.processed, 200);
}

#[tokio::test]
async fn a_job_sees_nothing_of_the_one_before_it() {
    let world = World::new();
    let kept = Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = kept.clone();
    let builder = world
        .worker()
        .concurrency(6)
        .register_fn("Keep", move |_: Vec<serde_json::Value>, ctx| {
            keep.lock().unwrap().push(ctx);
            async { Ok(()) }
        })
        .register_fn("Cancel", |_: Vec<serde_json::Value>, ctx| async move {
            ctx.cancel();
            Ok(())
        });
    let jobs = [
        r#"{"class":"Keep","args":[1]}"#,
        r#"{"class":"Keep","args":[2]}"#,
        r#"{"class":"Cancel","args":[]}"#,
        r#"{"class":"Keep","args":[3]}"#,
        "no job",
        r#"{"class":"Nobody","args":[]}"#,
    ];
    world.push_raw("q", jobs).await;
    let mut worker = start(builder);
    worker.settled(6).await;
    world
        .push_raw("other", [r#"{"class":"Keep","args":[4]}"#])
        .await;
    worker.settled(1).await;
    assert_eq!(worker.quit().await.failed, 2);

    let kept = std::mem::take(&mut *kept.lock().unwrap());
    let seen = kept.iter().map(|ctx| {
        assert!(!ctx.is_cancelled() && ctx.class() == "Keep");
        format!("{} {}", ctx.queue(), ctx.args_json())
    });
    let seen: Vec<_> = seen.collect();
    assert_eq!(seen, ["q [1]", "q [2]", "q [3]", "other [4]"]);
    let slots: std::collections::BTreeSet<_> = kept[..3].iter().map(|ctx| ctx.worker()).collect();
    assert_eq!(slots.len(), 3);
    let failures = world.failures().await;
    let exceptions: Vec<_> = failures.iter().map(|f| &*f.exception).collect();
    assert_eq!(exceptions, ["Resque::InvalidPayload", "NameError"]);
}

#[tokio::test]
async fn one_slot_takes_jobs_in_order_and_queues_by_priority() {
    let world = World::new();
    world
        .push_raw("low", [r#"{"class":"Ok","args":["low"]}"#])
        .await;
    world
        .push_raw("high", [r#"{"class":"Ok","args":["high"]}"#])
        .await;
    let mut worker = start(world.worker().queues("high,low"));
    let order = [worker.started().await.queue, worker.started().await.queue];
    assert_eq!(order, ["high", "low"]);
    worker.quit().await;
}

#[tokio::test]
async fn a_pool_of_its_own_is_not_starved() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..10).await;
    let mut worker = start(
        gate.on(world.worker().queues("q").concurrency(2))
            .pool("critical", 1),
    );
    worker.started().await;
    worker.started().await;
    world
        .push_raw("critical", [r#"{"class":"Ok","args":[]}"#])
        .await;
    let job = worker.started().await;
    assert_eq!(job.queue, "critical");
    assert_eq!(job.worker.unwrap().queues(), "critical");
    gate.open(10);
    worker.settled(11).await;
    assert_eq!(worker.quit().await.processed, 11);
}

#[tokio::test]
async fn events_tell_a_job_from_start_to_settlement() {
    let world = World::new();
    let mut worker = start(world.worker());
    world
        .push_raw("q", [r#"{"class":"Fail","args":["no"]}"#])
        .await;
    let job = worker.started().await;
    assert_eq!((&*job.class, &*job.queue, job.attempt), ("Fail", "q", 1));
    let ending = worker
        .event(|event| match event {
            Event::JobFinished { ending, .. } => Some(ending.clone()),
            _ => None,
        })
        .await;
    assert!(matches!(ending, Ending::Failed(failure) if failure.error == "no"));
    worker.settled(1).await;
    worker.quit().await;
}

#[tokio::test]
async fn progress_is_an_event() {
    let world = World::new();
    let builder = world
        .worker()
        .register_fn("Steps", |(): (), ctx| async move {
            ctx.progress(1, 3, "one of three");
            Ok(())
        });
    let mut worker = start(builder);
    world
        .push_raw("q", [r#"{"class":"Steps","args":[]}"#])
        .await;
    let (job, progress) = worker
        .event(|event| match event {
            Event::Progress { job, progress } => Some((job.clone(), progress.clone())),
            _ => None,
        })
        .await;
    assert_eq!(
        (&*job.class, progress.done, &*progress.text),
        ("Steps", 1, "one of three")
    );
    worker.quit().await;
}

#[tokio::test]
async fn a_snapshot_shows_what_each_slot_does() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Ok", 0..3).await;
    let mut worker = start(gate.on(world.worker().concurrency(2)));
    worker.settled(3).await;
    worker.idle().await;
    world.push("Gate", 0..1).await;
    worker.started().await;
    let snapshot = worker.handle.snapshot();
    assert_eq!((snapshot.phase, snapshot.processed), (Phase::Working, 3));
    assert_eq!((snapshot.slots.len(), snapshot.busy()), (2, 1));
    let job = snapshot
        .slots
        .iter()
        .find_map(|slot| slot.job.as_ref())
        .unwrap();
    assert_eq!(
        (&*job.class, job.queue.as_str(), job.stuck, job.ended),
        ("Gate", "q", false, false)
    );
    gate.open(1);
    worker.quit().await;
}

#[tokio::test]
async fn the_state_of_the_application_reaches_its_jobs() {
    let world = World::new();
    let builder = world
        .worker()
        .state(7_u32)
        .register_fn("Read", |(): (), ctx| async move {
            match ctx.state::<u32>()? {
                7 => Ok(()),
                other => Err(other.to_string().into()),
            }
        });
    let mut worker = start(builder);
    world.push_raw("q", [r#"{"class":"Read","args":[]}"#]).await;
    worker.settled(1).await;
    assert_eq!(worker.quit().await.failed, 0);
}

#[test]
fn a_worker_needs_queues_and_slots_and_a_quick_heartbeat() {
    use std::time::Duration;

    use resque_core::worker::Worker;

    let world = World::new();
    let refused =
        |builder: resque_core::worker::WorkerBuilder| builder.build().unwrap_err().to_string();
    let builder = || Worker::builder(world.store.clone());
    assert_eq!(
        refused(builder()),
        "Please give each worker at least one queue."
    );
    assert!(refused(builder().queues("!low")).contains("at least one queue"));
    assert!(refused(builder().queues("a").concurrency(0)).contains("at least one slot"));
    let many = builder().queues("a").pool("b", 2).concurrency(65_535);
    assert!(refused(many).contains("at most 65536 slots"));
    let endless = builder().queues("a").concurrency(usize::MAX);
    assert!(refused(endless).contains("at most 65536 slots"));
    let slow = builder()
        .queues("a")
        .heartbeat_every(Duration::from_secs(30));
    assert!(refused(slow).contains("prune_after"));
    assert!(
        builder()
            .queues("a")
            .prune_after(Duration::from_secs(2))
            .build()
            .is_ok()
    );
}

#[test]
fn an_interval_of_nothing_is_refused() {
    let world = World::new();
    let zero = std::time::Duration::ZERO;
    let refused = [
        world.worker().heartbeat_every(zero).build(),
        world.worker().janitor_every(zero).build(),
        world.worker().promote_every(zero).build(),
    ];
    for (worker, name) in refused.into_iter().zip(["heartbeat", "janitor", "promote"]) {
        let error = worker.err().map(|error| error.to_string());
        assert!(
            error.as_ref().is_some_and(|text| text.starts_with(name)),
            "{error:?}"
        );
    }
}
