//! A server, our client, and a worker of ours in a thread.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use resque::blocking::Client;
use resque::worker::{Event, Worker, WorkerHandle};
use resque::{FailureEntry, JobContext, JobError, Result, WorkerStatus};
use resque_testserver::{Redis, RedisServer};
use serde_json::Value;

use crate::peer::Peer;

const NAMESPACE: &str = "fleet";

/// Nothing takes as long as this; what does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything one test has to itself.
pub(crate) struct World {
    pub(crate) client: Client,
    server: RedisServer,
}

impl World {
    pub(crate) fn new() -> Self {
        let server = Redis::new().start().unwrap();
        let client = resque::connect_blocking(&url(&server)).unwrap();
        Self { client, server }
    }

    /// Starts a program that uses node-resque on the same keys.
    pub(crate) fn peer(&self) -> Peer {
        Peer::start(&self.server, NAMESPACE)
    }

    /// Starts a worker of ours.
    pub(crate) fn worker(&self, queues: &str) -> Ours {
        Ours::start(&url(&self.server), queues)
    }

    pub(crate) fn now(&self) -> SystemTime {
        let ask = |client: resque::Client| async move {
            client.backend().unwrap().workers().server_time().await
        };
        self.client.run(ask).unwrap()
    }

    pub(crate) fn workers(&self) -> Vec<WorkerStatus> {
        self.client
            .run(|client| async move { client.workers().await })
            .unwrap()
    }

    pub(crate) fn suspects(&self) -> Vec<WorkerStatus> {
        self.client
            .run(|client| async move { client.suspects().await })
            .unwrap()
    }

    pub(crate) fn remove_worker(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.client
            .run(|client| async move { client.remove_worker(&id).await })
    }

    /// All failure records, the oldest one first.
    pub(crate) fn failures(&self) -> Vec<FailureEntry> {
        self.client
            .run(|client| async move { client.failures()?.all(0, 100).await })
            .unwrap()
    }

    pub(crate) fn retry(&self, entry: &FailureEntry) {
        let id = entry.id.clone();
        self.client
            .run(|client| async move { client.failures()?.retry(&id).await })
            .unwrap();
    }
}

/// A worker of ours: performs `RustEcho`, fails `RustFail`, and holds `RustHold` until it is let go.
pub(crate) struct Ours {
    handle: WorkerHandle,
    thread: Option<JoinHandle<()>>,
    started: Receiver<String>,
    settled: Receiver<()>,
    go_on: tokio::sync::watch::Sender<bool>,
}

impl Ours {
    fn start(url: &str, queues: &str) -> Self {
        let (starts, started) = channel();
        let (settlements, settled) = channel();
        let (go_on, held) = tokio::sync::watch::channel(false);
        let backend = {
            let url = url.to_owned();
            let connecting = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(resque::connect(&url)).unwrap()
            });
            connecting.join().unwrap()
        };
        let worker = Worker::builder(backend)
            .queues(queues)
            .concurrency(1)
            .register_fn("RustEcho", echo(starts.clone()))
            .register_fn("RustFail", |(text,): (String,), _| async move {
                Err(JobError::new("RustError", text))
            })
            .register_fn("RustHold", move |_: Vec<Value>, ctx: JobContext| {
                let (starts, mut held) = (starts.clone(), held.clone());
                async move {
                    let _ = starts.send(ctx.args_json().to_owned());
                    let _ = held.wait_for(|go_on| *go_on).await;
                    Ok(())
                }
            })
            .on_event(move |event| {
                if let Event::Settled { workers } = event {
                    for _ in workers {
                        let _ = settlements.send(());
                    }
                }
            })
            .build()
            .unwrap();
        Self {
            handle: worker.handle(),
            thread: Some(std::thread::spawn(move || {
                worker.run_blocking().unwrap();
            })),
            started,
            settled,
            go_on,
        }
    }

    /// Waits until a job starts, and answers its arguments as they were stored.
    #[track_caller]
    pub(crate) fn started(&self) -> String {
        self.started.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits until the store has noted the end of a job.
    #[track_caller]
    pub(crate) fn settled(&self) {
        self.settled.recv_timeout(PATIENCE).unwrap();
    }

    /// Lets held jobs end.
    pub(crate) fn go_on(&self) {
        self.go_on.send_replace(true);
    }

    /// Stops it and waits until it has left.
    pub(crate) fn quit(mut self) {
        self.go_on();
        self.handle.quit();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn echo(
    starts: Sender<String>,
) -> impl Fn(Vec<Value>, JobContext) -> std::future::Ready<resque::JobResult> + Send + Sync {
    move |_, ctx| {
        let _ = starts.send(ctx.args_json().to_owned());
        std::future::ready(Ok(()))
    }
}

fn url(server: &RedisServer) -> String {
    format!("{}?namespace={NAMESPACE}", server.url())
}
