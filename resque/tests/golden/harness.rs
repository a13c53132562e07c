//! A recorded scenario, a database of its own, and the comparison.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use redis::aio::MultiplexedConnection;
use resque::redis::{Config, FailureLayout, RedisBackend};
use resque::worker::{Polling, StopReport, Worker, WorkerBuilder};
use resque::{Backend, Client, Clock, FailureRecord, Handlers, Payload, SystemClock, WorkerId};
use resque_testserver::{Redis, RedisServer};
use serde_json::Value;

use crate::differences::differences;
use crate::keys::{Texts, present, recorded, unlike};
use crate::normal::HOST_AND_PID;

/// How many scenarios the server has room for.
const DATABASES: &str = "256";

/// One scenario on an empty database.
pub(crate) struct Golden {
    name: &'static str,
    recording: Value,
    pub(crate) backend: Backend,
    pub(crate) client: Client,
    pub(crate) raw: MultiplexedConnection,
}

impl Golden {
    /// Opens a scenario in the namespace and with the failure layout that it was recorded with.
    pub(crate) async fn open(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden");
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let layout = if name.contains("_multi_queue_") {
            FailureLayout::PerQueue
        } else {
            FailureLayout::default()
        };
        let namespace = if name == "32_namespace" {
            "my:ns"
        } else {
            "resque"
        };
        let url = database();
        let builder = RedisBackend::builder(Config::parse(&url).unwrap())
            .namespace(namespace)
            .failures(layout);
        let backend = builder.connect().await.unwrap();
        Self {
            name,
            recording: serde_json::from_str(&text).unwrap(),
            client: Client::new(backend.clone()),
            backend,
            raw: patient_connection(&redis::Client::open(url).unwrap()).await,
        }
    }

    /// What the recorded program answered.
    pub(crate) fn note(&self, name: &str) -> Value {
        self.recording["notes"][name].clone()
    }

    /// The worker of the recording, on these queues.
    pub(crate) fn worker(&self, queues: &str) -> WorkerId {
        WorkerId::new(format!("{HOST_AND_PID}:{queues}")).unwrap()
    }

    /// A job that was put in, taken and failed with `e<n>`, as the recordings prepare them.
    pub(crate) async fn failed(&self, n: usize, class: &str, queue: &str) {
        let payload = format!(r#"{{"class":"{class}","args":[{n}]}}"#);
        self.client.push(queue, payload.clone()).await.unwrap();
        self.client.pop(queue).await.unwrap().unwrap();
        let record = FailureRecord::new(
            now(),
            Payload::new(payload),
            "RuntimeError",
            format!("e{n}"),
        )
        .on(self.worker("q0,q1").to_string(), queue);
        self.backend.failures().record(&[record]).await.unwrap();
    }

    /// Puts the recorded worker on the registry and lets it ask for a job; answers how many it got.
    pub(crate) async fn reserve(&self, queues: &str) -> usize {
        let ids = [self.worker(queues)];
        let workers = self.backend.workers();
        workers.register(&ids, now()).await.unwrap();
        let from = queues.parse().unwrap();
        let queues = self.backend.queues();
        let exchange = queues.exchange(&[], &ids, &from, now()).await;
        exchange.unwrap().reserved.len()
    }

    /// A worker as the recorded one: one job after the other.
    pub(crate) fn builder(&self, queues: &str, handlers: Handlers) -> WorkerBuilder {
        Worker::builder(self.backend.clone())
            .queues(queues)
            .concurrency(1)
            .handlers(handlers)
    }

    /// Works the queues off as the recorded worker did with the interval zero.
    pub(crate) async fn work(&self, queues: &str, handlers: Handlers) -> StopReport {
        let polling = Polling {
            interval: Duration::ZERO,
            ..Polling::default()
        };
        let worker = self.builder(queues, handlers).polling(polling).build();
        worker.unwrap().run().await.unwrap()
    }

    /// Every key must be as it was recorded at the end, but for the named differences.
    pub(crate) async fn check(mut self) {
        self.check_against("keys_after_normalised", "").await;
    }

    /// Every key must be as it was recorded in the middle of the scenario.
    pub(crate) async fn check_mid(&mut self) {
        self.check_against("keys_mid_normalised", " (mid)").await;
    }

    async fn check_against(&mut self, moment: &str, suffix: &str) {
        let texts = if self.name.starts_with("perl_") {
            Texts::Members
        } else {
            Texts::Exact
        };
        let theirs = recorded(&self.recording[moment], texts);
        let ours = present(&mut self.raw, texts).await;
        let named = differences(&format!("{}{suffix}", self.name), &theirs);
        let lines = unlike(ours, theirs, &named);
        assert!(
            lines.is_empty(),
            "{}, {moment}:\n{}",
            self.name,
            lines.join("\n")
        );
    }
}

/// The URL of an empty database on the server that all scenarios share.
fn database() -> String {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    let server = SERVER.get_or_init(|| {
        let server = Redis::new().argument("--databases").argument(DATABASES);
        server.start().unwrap()
    });
    format!("{}/{}", server.url(), TAKEN.fetch_add(1, Ordering::Relaxed))
}

/// A connection that waits for its replies: the crate gives up after half a second, which a busy
/// machine may take.
async fn patient_connection(client: &redis::Client) -> MultiplexedConnection {
    let patience = Some(Duration::from_secs(30));
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(patience)
        .set_response_timeout(patience);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap()
}

/// The time of this machine: only its format matters here.
pub(crate) fn now() -> SystemTime {
    SystemClock::new().now()
}
