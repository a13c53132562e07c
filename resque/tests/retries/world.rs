//! A store, a worker on it, and the jobs that it performs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use resque::memory::MemoryBackend;
use resque::postgres::PostgresBackend;
use resque::redis::RedisBackend;
use resque::worker::{Event, StopReport, WorkerBuilder};
use resque::{
    Backend, Client, FailureRecord, JobError, Page, Payload, Result, RetryPolicy, Worker, WorkerId,
};
use resque_testserver::{shared_postgres, shared_redis};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// After this time a test hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A worker is dead after this silence, however busy the machine is.
const SILENCE: Duration = HANGS;

/// An empty store.
pub(crate) struct World {
    pub(crate) backend: Backend,
    pub(crate) client: Client,
}

/// A name that nobody else uses.
fn name() -> String {
    static WORLDS: AtomicU64 = AtomicU64::new(0);
    let number = WORLDS.fetch_add(1, Ordering::Relaxed);
    format!("retries_{}_{number}", resque_testserver::this_run())
}

impl World {
    fn of(backend: Backend) -> Self {
        let client = Client::new(backend.clone());
        Self { backend, client }
    }

    pub(crate) fn on_memory() -> Self {
        Self::of(MemoryBackend::new().backend())
    }

    pub(crate) async fn on_redis() -> Self {
        let config = resque::redis::Config::parse(&shared_redis().unwrap().url()).unwrap();
        let builder = RedisBackend::builder(config).namespace(name());
        Self::of(builder.connect().await.unwrap())
    }

    pub(crate) async fn on_postgres() -> Self {
        let config = resque::postgres::Config::parse(shared_postgres().unwrap().url()).unwrap();
        let config = config.with_namespace(name()).unwrap();
        let builder = PostgresBackend::builder(config).migrate(true);
        Self::of(builder.connect().await.unwrap())
    }

    /// Puts a job into the queue `q`, with these bytes.
    pub(crate) async fn push(&self, payload: &str) {
        self.client.push("q", payload.to_owned()).await.unwrap();
    }

    /// The failed jobs, the oldest first.
    pub(crate) async fn failures(&self) -> Vec<FailureRecord> {
        let entries = self.client.failures().unwrap().all(0, 1_000).await.unwrap();
        let records = entries.iter().filter_map(|entry| entry.content.record());
        records.cloned().collect()
    }

    /// The jobs that wait for their time.
    pub(crate) async fn delayed(&self) -> Vec<Payload> {
        let jobs = self.client.delayed().unwrap().find(|_| true).await.unwrap();
        jobs.into_iter().map(|job| job.payload).collect()
    }

    /// The jobs in the queue `q`.
    pub(crate) async fn queued(&self) -> Vec<Payload> {
        let jobs = self.client.peek("q", Page::ALL).await.unwrap();
        jobs.iter().map(|job| job.payload().clone()).collect()
    }

    /// What is counted as processed, and as failed.
    pub(crate) async fn counts(&self) -> (i64, i64) {
        let stats = self.client.stats().unwrap();
        (
            stats.get("processed").await.unwrap(),
            stats.get("failed").await.unwrap(),
        )
    }

    /// A worker that took a job an hour ago and was never heard of again.
    pub(crate) async fn lose_worker(&self, host: &str) {
        let id = WorkerId::new(format!("{host}~abcde:42-0:q")).unwrap();
        let ids = [id];
        let workers = self.backend.workers();
        let long_ago = workers.server_time().await.unwrap() - Duration::from_secs(3_600);
        workers.register(&ids, long_ago).await.unwrap();
        let from = "q".parse().unwrap();
        let queues = self.backend.queues();
        let taken = queues.exchange(&[], &ids, &from, long_ago).await.unwrap();
        assert_eq!(taken.reserved.len(), 1, "a job to be lost with {host}");
    }

    /// A worker of these queues, whose jobs end as their arguments say.
    ///
    /// `Flaky` fails so often before it comes to a good end; `Says` fails with the verdict that its
    /// argument names, but snoozes only once, whenever that is.
    pub(crate) fn worker(&self, queues: &str) -> WorkerBuilder {
        let has_snoozed = AtomicBool::new(false);
        Worker::builder(self.backend.clone())
            .queues(queues)
            .concurrency(2)
            .prune_after(SILENCE)
            .janitor_every(Duration::from_millis(100))
            .promote_every(Duration::from_millis(10))
            .retry(RetryPolicy::fixed(Duration::from_millis(20)).max_attempts(4))
            .register_fn("Flaky", |(failures,): (u32,), ctx| async move {
                if ctx.attempt() <= failures {
                    return Err(JobError::new("Flaky", format!("attempt {}", ctx.attempt())));
                }
                Ok(())
            })
            .register_fn("Says", move |(verdict,): (String,), ctx| {
                let first = !has_snoozed.swap(true, Ordering::SeqCst);
                async move {
                    let error = JobError::new("Says", verdict.as_str());
                    match &*verdict {
                        "discard" => Err(error.discard()),
                        "fail" => Err(error.fail_now()),
                        "snooze" if first => {
                            Err(error.snooze_until(ctx.clock().now() + Duration::from_millis(50)))
                        }
                        _ => Ok(()),
                    }
                }
            })
    }
}

/// A worker that runs.
pub(crate) struct Running {
    events: mpsc::UnboundedReceiver<Event>,
    handle: resque::worker::WorkerHandle,
    run: JoinHandle<Result<StopReport>>,
}

impl Running {
    pub(crate) fn start(builder: WorkerBuilder) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let worker = builder.on_event(move |event| {
            let _ = told.send(event.clone());
        });
        let worker = worker.build().unwrap();
        Self {
            events,
            handle: worker.handle(),
            run: tokio::spawn(worker.run()),
        }
    }

    /// Waits for an event; others are passed over.
    pub(crate) async fn saw<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let mut passed = Vec::new();
        let seen = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if let Some(found) = wanted(&event) {
                    return found;
                }
                passed.push(event);
            }
        };
        let seen = tokio::time::timeout(HANGS, seen).await.ok();
        seen.unwrap_or_else(|| panic!("it did not come, but these did: {passed:#?}"))
    }

    /// Waits until so many more jobs have been settled.
    pub(crate) async fn settled(&mut self, mut count: usize) {
        while count > 0 {
            count -= self
                .saw(|event| match event {
                    Event::Settled { workers } => Some(workers.len().min(count)),
                    _ => None,
                })
                .await;
        }
    }

    pub(crate) async fn quit(self) -> StopReport {
        self.handle.quit();
        let report = tokio::time::timeout(HANGS, self.run).await.unwrap();
        report.unwrap().unwrap()
    }
}
