//! Workers that are paused, and told to leave.

use std::sync::Arc;
use std::time::Duration;

use redis::AsyncCommands;
use resque::worker::{Event, Phase, StopReport, WorkerHandle};
use resque::{Handlers, Result};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::harness::Golden;

const JOB: &str = r#"{"class":"Noargs","args":[]}"#;
/// After this time a test hangs.
const HANGS: Duration = Duration::from_secs(30);
const PAUSE: &str = "resque:pause-all-workers";

/// A class whose jobs wait until a permit is added.
fn gated(class: &str, open: &Arc<Semaphore>) -> Handlers {
    let open = open.clone();
    Handlers::new().register_fn(class, move |_: Vec<serde_json::Value>, _| {
        let open = open.clone();
        async move {
            open.acquire().await?.forget();
            Ok(())
        }
    })
}

/// A worker that runs.
struct Running {
    handle: WorkerHandle,
    events: mpsc::UnboundedReceiver<Event>,
    run: JoinHandle<Result<StopReport>>,
}

impl Running {
    fn start(golden: &Golden, queues: &str, handlers: Handlers) -> Self {
        let running = Self::paused(golden, queues, handlers);
        running.handle.resume();
        running
    }

    fn paused(golden: &Golden, queues: &str, handlers: Handlers) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let builder = golden.builder(queues, handlers);
        let builder = builder.on_event(move |event| {
            let _ = told.send(event.clone());
        });
        let worker = builder.build().unwrap();
        let handle = worker.handle();
        handle.pause();
        Self {
            handle,
            events,
            run: tokio::spawn(worker.run()),
        }
    }

    async fn saw(&mut self, wanted: impl Fn(&Event) -> bool + Send + Sync) {
        let mut passed = Vec::new();
        let seen = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if wanted(&event) {
                    return;
                }
                passed.push(event);
            }
        };
        let seen = tokio::time::timeout(HANGS, seen).await;
        assert!(seen.is_ok(), "it did not come, but these did: {passed:#?}");
    }

    async fn quit(self) {
        self.handle.quit();
        self.run.await.unwrap().unwrap();
    }
}

fn is_phase(event: &Event, wanted: Phase) -> bool {
    matches!(event, Event::Phase(phase) if *phase == wanted)
}

fn settled(event: &Event) -> bool {
    matches!(event, Event::Settled { .. })
}

#[tokio::test]
async fn idle_and_told_to_leave() {
    let mut golden = Golden::open("07b_worker_idle_polling_quit").await;
    let mut worker = Running::start(&golden, "high,low", Handlers::new());
    worker.saw(|event| is_phase(event, Phase::Working)).await;
    golden.check_mid().await;
    worker.quit().await;
    golden.check().await;
}

#[tokio::test]
async fn by_the_key() {
    let mut golden = Golden::open("20_pause_key").await;
    golden.client.push("file_serve", JOB).await.unwrap();
    golden.raw.set::<_, _, ()>(PAUSE, " TRUE ").await.unwrap();
    assert_eq!(golden.reserve("file_serve").await, 0);
    golden.check_mid().await;
    golden.raw.del::<_, ()>(PAUSE).await.unwrap();
    let worker = golden.worker("file_serve");
    assert!(golden.client.remove_worker(worker.as_str()).await.unwrap());
    let open = Arc::new(Semaphore::new(1));
    golden.work("file_serve", gated("Noargs", &open)).await;
    golden.check().await;
}

#[tokio::test]
async fn by_the_handle() {
    let mut golden = Golden::open("20b_pause_usr2_cont").await;
    golden.client.push("file_serve", JOB).await.unwrap();
    let open = Arc::new(Semaphore::new(1));
    let mut worker = Running::paused(&golden, "file_serve", gated("Noargs", &open));
    worker.saw(|event| is_phase(event, Phase::Paused)).await;
    golden.check_mid().await;
    worker.handle.resume();
    worker.saw(settled).await;
    worker.quit().await;
    golden.check().await;
}

#[tokio::test]
async fn paused_without_an_interval() {
    let mut golden = Golden::open("20c_pause_interval_zero").await;
    golden.client.push("file_serve", JOB).await.unwrap();
    golden.raw.set::<_, _, ()>(PAUSE, "true").await.unwrap();
    golden.work("file_serve", Handlers::new()).await;
    golden.check().await;
}

#[tokio::test]
async fn told_to_leave_at_work() {
    let golden = Golden::open("23c_term_graceful").await;
    let slow = r#"{"class":"Slow","args":[1.0]}"#;
    for job in [slow, JOB] {
        golden.client.push("file_serve", job).await.unwrap();
    }
    let open = Arc::new(Semaphore::new(0));
    let mut worker = Running::start(&golden, "file_serve", gated("Slow", &open));
    worker
        .saw(|event| matches!(event, Event::JobStarted(_)))
        .await;
    worker.handle.quit();
    open.add_permits(1);
    worker.quit().await;
    golden.check().await;
}

/// A job at work when the worker is told to stop now: Ruby's fails, ours goes back into its queue.
#[tokio::test]
async fn told_to_stop_at_work() {
    let golden = Golden::open("23e_term_nofork").await;
    let job = r#"{"class":"TermAware","args":[20]}"#;
    golden.client.push("file_serve", job).await.unwrap();
    let never = Arc::new(Semaphore::new(0));
    let mut worker = Running::start(&golden, "file_serve", gated("TermAware", &never));
    worker
        .saw(|event| matches!(event, Event::JobStarted(_)))
        .await;
    worker.handle.stop_now();
    worker.handle.stop_now();
    worker.run.await.unwrap().unwrap();
    golden.check().await;
}
