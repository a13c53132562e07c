//! Which children perform which jobs, and what they are told.

use std::collections::HashSet;

use resque::Error;
use resque::isolation::Processes;
use resque::memory::MemoryBackend;
use resque::worker::{Event, Worker};

use crate::world::{HANGS, World, children};

const NOOP: &str = r#"{"class":"Noop","args":[]}"#;

#[tokio::test]
async fn a_child_performs_its_share_and_makes_room() {
    let children = children().jobs_per_child(3);
    let left = World::new().perform(children, &[NOOP; 7]).await;
    let processes = left.processes();
    assert_eq!(processes.len(), 7);
    let shares: Vec<_> = processes
        .chunk_by(|one, next| one == next)
        .map(<[_]>::len)
        .collect();
    assert_eq!(shares, [3, 3, 1]);
}

#[tokio::test]
async fn a_fresh_child_for_each_job() {
    let children = children().jobs_per_child(1);
    let left = World::new().perform(children, &[NOOP; 4]).await;
    let different: HashSet<_> = left.processes().into_iter().collect();
    assert_eq!((left.report.processed, different.len()), (4, 4));
}

#[tokio::test]
async fn several_slots_have_several_children() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let end = folder.path().join("end");
    let job = serde_json::json!({"class": "Await", "args": [end]}).to_string();
    world.push(&[&*job; 3]).await;
    let isolation = children();
    let run = world.run(world.worker().concurrency(3).isolation(isolation));
    let all_at_once = async {
        world.told(3, "performed by ").await;
        std::fs::write(&end, "").unwrap();
    };
    let (left, ()) = tokio::join!(run, all_at_once);
    let different: HashSet<_> = left.processes().into_iter().collect();
    assert_eq!((left.report.processed, different.len()), (3, 3));
}

#[tokio::test]
async fn hooks_run_where_they_belong_and_progress_comes_through() {
    let left = World::new().perform(children(), &[NOOP]).await;
    let progress = left.progress();
    assert_eq!(progress[0], "after_fork");
    assert!(progress[1].starts_with("performed by "), "{progress:?}");
    let own = format!("performed by {}", std::process::id());
    assert_ne!(progress[1], own);
}

#[tokio::test]
async fn before_fork_runs_in_the_worker_and_may_fail_the_job() {
    let world = World::new();
    world.push(&[NOOP]).await;
    let hooks = resque::WorkerHooks::new().before_fork(|_| async { Err("not now".into()) });
    let isolation = children();
    let left = world
        .run(world.worker().worker_hooks(hooks).isolation(isolation))
        .await;
    assert_eq!(left.failure(), ("RuntimeError", "not now"));
    assert!(left.processes().is_empty());
}

#[tokio::test]
async fn a_child_without_a_store_says_so() {
    let left = World::new()
        .perform(children(), &[r#"{"class":"Follow","args":[]}"#])
        .await;
    let (_, error) = left.failure();
    assert!(error.contains("was given no store"), "{error}");
}

#[tokio::test]
async fn a_child_connects_to_the_store_for_itself() {
    let server = resque_testserver::shared_redis().unwrap();
    let namespace = format!("isolated-{}", resque_testserver::this_run());
    let url = format!("{}?namespace={namespace}", server.url());
    let world = World::of(resque::connect(&url).await.unwrap());
    let children = children().env("RESQUE_URL", &url);
    let follow = r#"{"class":"Follow","args":[]}"#;
    let left = world.perform(children, &[follow]).await;
    assert_eq!((left.report.processed, left.failures.len()), (2, 0));
    world.store.queues().clear().await.unwrap();
}

#[tokio::test]
async fn payloads_arrive_byte_for_byte() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "1e400 \u{1F980} \\u0000".repeat(50_000);
    let job = serde_json::json!({"class": "Write", "args": [file.path(), text]}).to_string();
    let left = World::new().perform(children(), &[&job]).await;
    assert!(left.failures.is_empty(), "{:?}", left.failures);
    let written = std::fs::read_to_string(file.path()).unwrap();
    assert!(written.strip_suffix('\n') == Some(&text));
}

#[tokio::test]
async fn a_child_that_is_killed_while_it_waits_costs_no_job() {
    let world = World::new();
    let isolation = children();
    let (sender, mut idle) = tokio::sync::mpsc::unbounded_channel();
    let worker = world
        .worker()
        .polling(resque::worker::Polling::default())
        .isolation(isolation)
        .on_event(move |event| {
            if let Event::Progress { progress, .. } = event
                && let Some(pid) = progress.text.strip_prefix("performed by ")
            {
                let _ = sender.send(pid.to_owned());
            }
        });
    let worker = worker.build().unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    world.push(&[NOOP]).await;
    let first = tokio::time::timeout(HANGS, idle.recv())
        .await
        .unwrap()
        .unwrap();
    let settled = async {
        while handle.snapshot().processed < 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANGS, settled).await.unwrap();
    resque_testserver::signal(first.parse().unwrap(), "KILL").unwrap();
    world.push(&[NOOP]).await;
    let second = tokio::time::timeout(HANGS, idle.recv())
        .await
        .unwrap()
        .unwrap();
    assert_ne!(first, second);
    handle.quit();
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.processed, report.failed), (2, 0));
    assert_eq!(world.store.failures().count(None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_program_that_is_no_child_is_found_out_at_the_start() {
    let start = async |isolation: Processes| {
        let builder = Worker::builder(MemoryBackend::new()).queues("q");
        builder.isolation(isolation).build().unwrap().run().await
    };
    // The tests' own `main` does not begin with `child_entry`.
    let error = start(Processes::new()).await.unwrap_err();
    assert!(matches!(error, Error::InvalidSetting { .. }), "{error:?}");
    assert!(error.to_string().contains("child_entry"), "{error}");
    let error = start(Processes::new().program("/bin/true"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let error = start(Processes::new().program("/no/such/program"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}
