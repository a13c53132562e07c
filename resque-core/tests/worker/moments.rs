//! Pausing, leaving when there is nothing to do, and the hooks of a worker.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use resque_core::WorkerHooks;
use resque_core::worker::{Event, Phase, Polling, StopReason};

use crate::world::{World, start};

#[tokio::test]
async fn a_paused_worker_takes_nothing_until_it_is_resumed() {
    let world = World::new();
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    worker.handle.pause();
    worker.phase(Phase::Paused).await;
    world.push("Ok", 0..3).await;
    world.pass(120, 3).await;
    assert_eq!(world.waiting().await, 3);
    worker.handle.resume();
    worker.settled(3).await;
    assert_eq!(worker.quit().await.processed, 3);
}

#[tokio::test]
async fn a_worker_may_be_paused_before_it_starts() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let worker = world.worker().build().unwrap();
    let handle = worker.handle();
    handle.pause();
    let task = tokio::spawn(worker.run());
    world.pass(30, 3).await;
    assert_eq!((handle.phase(), world.waiting().await), (Phase::Paused, 1));
    handle.quit();
    assert_eq!(task.await.unwrap().unwrap().processed, 0);
}

#[tokio::test]
async fn a_pause_of_all_workers_is_obeyed_and_its_end_wakes() {
    let world = World::new();
    let control = world.store.queues().clone();
    control.control().unwrap().set_paused(true).await.unwrap();
    world.push("Ok", 0..2).await;
    let mut worker = start(world.worker());
    worker.phase(Phase::Working).await;
    world.pass(30, 4).await;
    assert_eq!(world.waiting().await, 2);
    control.control().unwrap().set_paused(false).await.unwrap();
    worker.settled(2).await;
    worker.quit().await;
}

#[tokio::test]
async fn a_worker_with_a_zero_interval_leaves_when_there_is_nothing_to_do() {
    let world = World::new();
    world.push("Ok", 0..10).await;
    let polling = Polling {
        interval: Duration::ZERO,
        ..Polling::default()
    };
    let worker = start(world.worker().concurrency(3).polling(polling));
    let report = worker.end().await;
    assert_eq!((report.reason, report.processed), (StopReason::Idle, 10));
}

#[tokio::test]
async fn it_does_not_leave_before_the_jobs_that_its_last_jobs_have_pushed() {
    let world = World::new();
    let polling = Polling {
        interval: Duration::ZERO,
        ..Polling::default()
    };
    let store = world.store.clone();
    let builder = world
        .worker()
        .queues("first")
        .pool("second", 1)
        .polling(polling)
        .register_fn("Push", move |(): (), _| {
            let store = store.clone();
            async move {
                let queue = resque_core::QueueName::new("second")?;
                let job = resque_core::Enqueue::new(queue, r#"{"class":"Ok","args":[]}"#);
                store.queues().push(&[job]).await?;
                Ok(())
            }
        });
    world
        .push_raw("first", [r#"{"class":"Push","args":[]}"#])
        .await;
    assert_eq!(start(builder).end().await.processed, 2);
}

#[tokio::test]
async fn hooks_of_the_worker_are_called_in_their_moments() {
    let world = World::new();
    let called = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let called = called.clone();
        move || called.lock().unwrap().push(name)
    };
    macro_rules! hooks {
        ($($name:ident),*) => {{
            let hooks = WorkerHooks::new();
            $(
                let called = note(stringify!($name));
                let hooks = hooks.$name(move |_| {
                    called();
                    async { Ok(()) }
                });
            )*
            hooks
        }};
    }
    let hooks = hooks!(
        before_first_fork,
        before_fork,
        after_fork,
        before_pause,
        after_pause,
        queue_empty,
        worker_exit,
        shutdown
    );
    world.push("Ok", 0..1).await;
    let mut worker = start(world.worker().worker_hooks(hooks));
    worker.settled(1).await;
    worker.idle().await;
    worker.handle.pause();
    worker.phase(Phase::Paused).await;
    worker.handle.resume();
    worker.phase(Phase::Working).await;
    worker.quit().await;
    let expected = [
        "before_first_fork",
        "before_fork",
        "after_fork",
        "queue_empty",
        "before_pause",
        "after_pause",
        "shutdown",
        "worker_exit",
    ];
    assert_eq!(*called.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_worker_hook_that_fails_is_told_and_stops_nothing() {
    let world = World::new();
    let hooks = WorkerHooks::new().before_pause(|_| async { Err("no pause".into()) });
    let mut worker = start(world.worker().worker_hooks(hooks));
    worker.phase(Phase::Working).await;
    worker.handle.pause();
    let hook = worker
        .event(|event| match event {
            Event::HookFailed { hook, error } if error.contains("no pause") => Some(*hook),
            _ => None,
        })
        .await;
    assert_eq!(hook, "before_pause");
    worker.quit().await;
}

#[tokio::test]
async fn a_first_hook_that_fails_stops_the_start() {
    let world = World::new();
    let hooks = WorkerHooks::new().before_first_fork(|_| async { Err("not today".into()) });
    let worker = world.worker().worker_hooks(hooks).build().unwrap();
    let error = worker.run().await.unwrap_err();
    assert!(error.to_string().contains("before_first_fork"), "{error}");
    assert_eq!(world.registered().await, 0);
}

#[tokio::test]
async fn the_pid_stands_in_its_file() {
    let world = World::new();
    let file = std::env::temp_dir().join(format!("resque-pidfile-{}", std::process::id()));
    let mut worker = start(world.worker().pidfile(&file));
    worker.phase(Phase::Working).await;
    worker.quit().await;
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(text, std::process::id().to_string());

    let nowhere = world.worker().pidfile("/no/such/place").build().unwrap();
    let error = nowhere.run().await.unwrap_err().to_string();
    assert!(error.contains("PIDFILE=/no/such/place"), "{error}");
}
