//! A store, and workers on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use resque::memory::MemoryBackend;
use resque::postgres::PostgresBackend;
use resque::redis::RedisBackend;
use resque::worker::{StopReport, WorkerBuilder, WorkerHandle};
use resque::{Backend, Client, Result, Worker};
use resque_testserver::{shared_postgres, shared_redis};
use tokio::task::JoinHandle;

/// After this time a test hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A worker is dead after this silence, however busy the machine is.
const SILENCE: Duration = HANGS;

/// Any arguments.
pub(crate) type Any = Vec<serde_json::Value>;

/// An empty store.
pub(crate) struct World {
    pub(crate) backend: Backend,
    pub(crate) client: Client,
}

/// A name that nobody else uses.
pub(crate) fn name() -> String {
    static WORLDS: AtomicU64 = AtomicU64::new(0);
    let number = WORLDS.fetch_add(1, Ordering::Relaxed);
    format!("limits_{}_{number}", resque_testserver::this_run())
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
        Self::at_redis(&shared_redis().unwrap().url(), &name()).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::at_postgres(shared_postgres().unwrap().url(), &name()).await
    }

    pub(crate) async fn at_redis(url: &str, namespace: &str) -> Self {
        let config = resque::redis::Config::parse(url).unwrap();
        let builder = RedisBackend::builder(config).namespace(namespace);
        Self::of(builder.connect().await.unwrap())
    }

    pub(crate) async fn at_postgres(url: &str, namespace: &str) -> Self {
        let config = resque::postgres::Config::parse(url).unwrap();
        let config = config.with_namespace(namespace).unwrap();
        let builder = PostgresBackend::builder(config).migrate(true);
        Self::of(builder.connect().await.unwrap())
    }

    /// What is counted as processed, and as failed.
    pub(crate) async fn counts(&self) -> (i64, i64) {
        let stats = self.client.stats().unwrap();
        (
            stats.get("processed").await.unwrap(),
            stats.get("failed").await.unwrap(),
        )
    }

    /// How many hold leases of a name.
    pub(crate) async fn holders(&self, name: &str) -> usize {
        let now = self.client.store_time().await.unwrap();
        let limits = self.backend.queues().limits().unwrap();
        limits.leases(name, now).await.unwrap().len()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !is_so().await {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(HANGS, waiting).await;
        assert!(waited.is_ok(), "waited in vain until {what}");
    }

    /// A worker of the queue `q` that does everything often.
    pub(crate) fn worker(&self) -> WorkerBuilder {
        Worker::builder(self.backend.clone())
            .queues("q")
            .concurrency(2)
            .prune_after(SILENCE)
            .heartbeat_every(Duration::from_millis(100))
            .janitor_every(Duration::from_millis(100))
            .promote_every(Duration::from_millis(10))
            .register_fn("Ok", |_: Any, _| async { Ok(()) })
    }
}

/// A worker that runs.
pub(crate) struct Running {
    handle: WorkerHandle,
    task: JoinHandle<Result<StopReport>>,
}

/// Starts a worker.
pub(crate) fn start(builder: WorkerBuilder) -> Running {
    let worker = builder.build().unwrap();
    Running {
        handle: worker.handle(),
        task: tokio::spawn(worker.run()),
    }
}

impl Running {
    /// Lets it finish its jobs.
    pub(crate) async fn quit(self) -> StopReport {
        self.handle.quit();
        let ended = tokio::time::timeout(HANGS, self.task).await;
        ended.unwrap().unwrap().unwrap()
    }
}
