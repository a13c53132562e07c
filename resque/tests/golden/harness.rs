//! A recorded scenario, a server of its own, and the comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use resque::redis::{Config, FailureLayout, RedisBackend};
use resque::worker::{Polling, StopReport, Worker};
use resque::{Backend, Client, Clock, FailureRecord, Handlers, Payload, SystemClock, WorkerId};
use resque_testserver::{Redis, RedisServer};
use serde_json::{Value, json};

use crate::differences::{Difference, differences};
use crate::normal::{HOST_AND_PID, normal};

/// Type and content of every key.
type Keys = BTreeMap<String, Value>;

/// One scenario on an empty server.
pub(crate) struct Golden {
    name: &'static str,
    recording: Value,
    pub(crate) backend: Backend,
    pub(crate) client: Client,
    pub(crate) raw: MultiplexedConnection,
    _server: RedisServer,
}

impl Golden {
    pub(crate) async fn open(name: &'static str) -> Self {
        Self::open_with(name, "resque", FailureLayout::default()).await
    }

    pub(crate) async fn with_multi_queue(name: &'static str) -> Self {
        Self::open_with(name, "resque", FailureLayout::PerQueue).await
    }

    pub(crate) async fn in_namespace(name: &'static str, namespace: &str) -> Self {
        Self::open_with(name, namespace, FailureLayout::default()).await
    }

    async fn open_with(name: &'static str, namespace: &str, layout: FailureLayout) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden");
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let server = Redis::new().start().unwrap();
        let config = Config::parse(&server.url()).unwrap();
        let builder = RedisBackend::builder(config)
            .namespace(namespace)
            .failures(layout);
        let backend = builder.connect().await.unwrap();
        let client = redis::Client::open(server.url()).unwrap();
        Self {
            name,
            recording: serde_json::from_str(&text).unwrap(),
            client: Client::new(backend.clone()),
            backend,
            raw: patient_connection(&client).await,
            _server: server,
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

    /// Works the queue off as the recorded worker did with the interval zero.
    pub(crate) async fn work(&self, handlers: Handlers) -> StopReport {
        let worker = Worker::builder(self.backend.clone())
            .queues("file_serve")
            .concurrency(1)
            .handlers(handlers)
            .polling(Polling {
                interval: Duration::ZERO,
                ..Polling::default()
            })
            .build();
        worker.unwrap().run().await.unwrap()
    }

    /// Every key must be as it was recorded at the end, but for the named differences.
    pub(crate) async fn check(mut self) {
        self.check_against("keys_after_normalised").await;
    }

    /// Every key must be as it was recorded in the middle of the scenario.
    pub(crate) async fn check_mid(&mut self) {
        self.check_against("keys_mid_normalised").await;
    }

    async fn check_against(&mut self, moment: &str) {
        let mut theirs = recorded(&self.recording[moment]);
        let mut ours = self.keys().await;
        for difference in differences(self.name) {
            settle(difference, &mut theirs, &mut ours);
        }
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let unlike = names
            .into_iter()
            .filter(|name| ours.get(*name) != theirs.get(*name));
        let lines: Vec<String> = unlike
            .map(|name| {
                let side = |keys: &Keys| keys.get(name).map_or("nothing".into(), Value::to_string);
                format!(
                    "{name}\n  ours:   {}\n  theirs: {}",
                    side(&ours),
                    side(&theirs)
                )
            })
            .collect();
        assert!(
            lines.is_empty(),
            "{}, {moment}:\n{}",
            self.name,
            lines.join("\n")
        );
    }

    async fn keys(&mut self) -> Keys {
        let names: Vec<String> = self.raw.keys("*").await.unwrap();
        let mut keys = Keys::new();
        for name in names {
            let kind: String = redis::cmd("TYPE")
                .arg(&name)
                .query_async(&mut self.raw)
                .await
                .unwrap();
            let value = match kind.as_str() {
                "string" => json!(self.raw.get::<_, String>(&name).await.unwrap()),
                "list" => json!(
                    self.raw
                        .lrange::<_, Vec<String>>(&name, 0, -1)
                        .await
                        .unwrap()
                ),
                "set" => json!(self.raw.smembers::<_, Vec<String>>(&name).await.unwrap()),
                "hash" => json!(
                    self.raw
                        .hgetall::<_, BTreeMap<String, String>>(&name)
                        .await
                        .unwrap()
                ),
                "zset" => {
                    let with_scores = self.raw.zrange_withscores(&name, 0, -1);
                    json!(
                        with_scores
                            .await
                            .map(|pairs: Vec<(String, f64)>| pairs)
                            .unwrap()
                    )
                }
                other => panic!("{name} has the type {other}"),
            };
            keys.insert(normal(&name), entry(&kind, &value));
        }
        keys
    }
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

/// Applies one difference: it has to be there, and then both sides are made equal.
fn settle(difference: &Difference, theirs: &mut Keys, ours: &mut Keys) {
    match difference {
        Difference::OnlyTheirs { key, why } => {
            assert!(
                !ours.contains_key(*key),
                "{key} is ours too, contrary to: {why}"
            );
            assert!(
                theirs.remove(*key).is_some(),
                "{key} was not recorded: {why}"
            );
        }
        Difference::Other {
            key,
            ours: expected,
            why,
        } => {
            let found = ours.get(*key).map(|entry| entry["value"].clone());
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(found.as_ref(), Some(&expected), "{key}: {why}");
            assert_ne!(
                ours.get(*key),
                theirs.get(*key),
                "{key} does not differ: {why}"
            );
            ours.remove(*key);
            theirs.remove(*key);
        }
    }
}

fn recorded(keys: &Value) -> Keys {
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| {
        let (name, kind) = (key["key"].as_str().unwrap(), key["type"].as_str().unwrap());
        (normal(name), entry(kind, &key["value"]))
    })
    .collect()
}

fn entry(kind: &str, value: &Value) -> Value {
    let mut value = normal_value(value);
    if let ("set", Value::Array(members)) = (kind, &mut value) {
        members.sort_by_key(ToString::to_string);
    }
    json!({ "type": kind, "value": value })
}

fn normal_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(normal(text)),
        Value::Array(items) => items.iter().map(normal_value).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (normal(name), normal_value(value)))
            .collect(),
        other => other.clone(),
    }
}

/// The time of this machine: only its format matters here.
pub(crate) fn now() -> SystemTime {
    SystemClock::new().now()
}
