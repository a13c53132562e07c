//! What the tests against a real server share: worlds, and a way past the backend to the keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque_core::{
    Backend, Enqueue, Exchange, Payload, QueueList, QueueName, Reservation, SystemClock, WorkerId,
};
use resque_redis::driver::{Batch, Value};
use resque_redis::{Config, Connection, FailureLayout, RedisBackend};

static WORLDS: AtomicU64 = AtomicU64::new(0);

/// A namespace of its own on the shared server.
pub(crate) struct World {
    pub(crate) backend: Backend,
    pub(crate) raw: Raw,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::laid_out(FailureLayout::Single).await
    }

    pub(crate) async fn laid_out(layout: FailureLayout) -> Self {
        let server = resque_testserver::shared_redis().unwrap();
        Self::on(&server.url(), layout).await
    }

    pub(crate) async fn on(url: &str, layout: FailureLayout) -> Self {
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("test:{}:{number}", resque_testserver::this_run());
        let config = Config::parse(url).unwrap().with_namespace(&namespace);
        let clock = Arc::new(SystemClock::new());
        let connection = Connection::open(&config, clock).await.unwrap();
        let backend = RedisBackend::builder(config)
            .failures(layout)
            .connect()
            .await
            .unwrap();
        Self {
            backend,
            raw: Raw {
                connection,
                namespace,
            },
        }
    }

    pub(crate) async fn push(&self, queue: &str, payload: impl Into<Payload>) {
        let job = Enqueue::new(name(queue), payload);
        self.backend.queues().push(&[job]).await.unwrap();
    }

    pub(crate) async fn reserve(&self, slots: &[WorkerId], from: &str) -> Exchange {
        let queues = self.backend.queues();
        queues
            .exchange(&[], slots, &list(from), at(0))
            .await
            .unwrap()
    }

    pub(crate) async fn reserve_one(&self, slot: &WorkerId, from: &str) -> Reservation {
        let exchange = self.reserve(std::slice::from_ref(slot), from).await;
        assert!(exchange.troubles.is_empty(), "{:?}", exchange.troubles);
        exchange.reserved.into_iter().next().unwrap()
    }
}

/// Commands past the backend, on the keys of one namespace.
pub(crate) struct Raw {
    pub(crate) connection: Connection,
    pub(crate) namespace: String,
}

impl Raw {
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.namespace)
    }

    /// Runs a command on one key of the namespace.
    pub(crate) async fn on(&self, command: &str, rest: &str, args: &[&[u8]]) -> Value {
        let mut batch = Batch::new();
        batch.command(command).arg(self.key(rest));
        for arg in args {
            batch.arg(*arg);
        }
        self.connection
            .run(&batch)
            .await
            .unwrap()
            .remove(0)
            .ok()
            .unwrap()
    }

    pub(crate) async fn get(&self, rest: &str) -> Option<String> {
        text(self.on("GET", rest, &[]).await)
    }

    pub(crate) async fn list(&self, rest: &str) -> Vec<String> {
        texts(self.on("LRANGE", rest, &[b"0", b"-1"]).await)
    }

    pub(crate) async fn members(&self, rest: &str) -> Vec<String> {
        let mut members = texts(self.on("SMEMBERS", rest, &[]).await);
        members.sort();
        members
    }

    pub(crate) async fn exists(&self, rest: &str) -> bool {
        self.on("EXISTS", rest, &[]).await == Value::Int(1)
    }

    /// Puts a value of a type that Resque never uses for this key; a set for all but sets.
    pub(crate) async fn spoil(&self, rest: &str) {
        self.on("DEL", rest, &[]).await;
        if rest == "queues"
            || rest == "workers"
            || rest == "failed_queues"
            || rest.starts_with("timestamps:")
        {
            self.on("RPUSH", rest, &[b"spoilt"]).await;
        } else {
            self.on("SADD", rest, &[b"spoilt"]).await;
        }
    }

    /// Everything in the namespace, in a form that can be compared.
    pub(crate) async fn dump(&self) -> Vec<(String, String)> {
        let mut batch = Batch::new();
        batch.command("KEYS").arg(format!("{}:*", self.namespace));
        let keys = self.connection.run(&batch).await.unwrap().remove(0);
        let mut dump = Vec::new();
        for key in texts(keys) {
            let mut batch = Batch::new();
            batch.command("TYPE").arg(&key);
            batch.command("DUMP").arg(&key);
            let replies = self.connection.run(&batch).await.unwrap();
            dump.push((key, format!("{replies:?}")));
        }
        dump.sort();
        dump
    }
}

pub(crate) fn text(value: Value) -> Option<String> {
    let bytes = value.into_bytes()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn texts(value: Value) -> Vec<String> {
    let values = value.into_array().unwrap_or_default();
    values.into_iter().filter_map(text).collect()
}

pub(crate) fn name(queue: &str) -> QueueName {
    QueueName::new(queue).unwrap()
}

pub(crate) fn list(queues: &str) -> QueueList {
    queues.parse().unwrap()
}

/// The slot with this number of one process.
pub(crate) fn slot(number: usize) -> WorkerId {
    WorkerId::compose("web1", "k3x9q", 4711, number, "mail").unwrap()
}

pub(crate) fn slots(count: usize) -> Vec<WorkerId> {
    (0..count).map(slot).collect()
}

/// So many seconds after 2026-11-20 23:00:25 UTC.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_215_625 + seconds)
}

/// A job of class `Archive`.
pub(crate) fn job(number: usize) -> String {
    format!(r#"{{"class":"Archive","args":[{number},"masterbrew"]}}"#)
}

/// How often a command was called, from scripts too; for the server's whole life.
pub(crate) async fn calls_of(world: &World, command: &str) -> u64 {
    let mut batch = Batch::new();
    batch.command("INFO").arg("commandstats");
    let info = world.raw.connection.run(&batch).await.unwrap().remove(0);
    let info = text(info).unwrap();
    let prefix = format!("cmdstat_{command}:calls=");
    let mut lines = info.lines();
    let calls = lines.find_map(|line| line.strip_prefix(prefix.as_str()));
    calls
        .and_then(|line| line.split(',').next()?.parse().ok())
        .unwrap_or(0)
}
