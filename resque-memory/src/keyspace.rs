//! The keys, named as Resque would name them.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{Keyspace, Result};

use crate::store::{State, Store};

#[async_trait]
impl Keyspace for Store {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn key(&self, parts: &[&str]) -> String {
        let mut key = self.namespace.clone();
        for part in parts {
            key.push(':');
            key.push_str(part);
        }
        key
    }

    async fn keys(&self) -> Result<Vec<String>> {
        Ok(self.step(|state| state.keys()))
    }
}

impl State {
    /// The names of all keys that a store in the Resque format would have for this state.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        self.queue_keys(&mut keys);
        self.worker_keys(&mut keys);
        let counters = self.counters.names();
        keys.extend(counters.map(|name| format!("stat:{name}")));
        if self.failures.len() > 0 {
            keys.push("failed".to_owned());
        }
        let mut seconds: Vec<u64> = self.delayed.times().map(second).collect();
        seconds.dedup();
        if !seconds.is_empty() {
            keys.push("delayed_queue_schedule".to_owned());
        }
        keys.extend(seconds.iter().map(|second| format!("delayed:{second}")));
        keys.extend(self.counted.keys());
        self.schedules.keys(&mut keys);
        if !self.history.is_empty() {
            keys.push("rs:history".to_owned());
        }
        self.loans.keys(&mut keys);
        keys.extend(self.http.keys());
        keys
    }

    fn queue_keys(&self, keys: &mut Vec<String>) {
        let mut queues = self.queues.iter().peekable();
        if queues.peek().is_some() {
            keys.push("queues".to_owned());
        }
        let filled = queues.filter(|(_, queue)| !queue.jobs.is_empty());
        keys.extend(filled.map(|(name, _)| format!("queue:{name}")));
        let stopped = self.queues.stopped.iter();
        keys.extend(stopped.map(|name| format!("pause:queue:{name}")));
        if self.queues.paused {
            keys.push("pause-all-workers".to_owned());
        }
    }

    fn worker_keys(&self, keys: &mut Vec<String>) {
        let workers = self.workers.sorted();
        if workers.iter().any(|(_, worker)| worker.started.is_some()) {
            keys.push("workers".to_owned());
        }
        if workers.iter().any(|(_, worker)| worker.heartbeat.is_some()) {
            keys.push("workers:heartbeat".to_owned());
        }
        for (id, worker) in workers {
            if worker.note.is_some() {
                keys.push(format!("worker:{id}"));
            }
            if worker.started.is_some() {
                keys.push(format!("worker:{id}:started"));
            }
            let counters = worker.tallies.names();
            keys.extend(counters.map(|name| format!("stat:{name}:{id}")));
        }
    }
}

/// The second in which a time lies, rounded up: none before its time.
fn second(due: SystemTime) -> u64 {
    let since = due.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() + u64::from(since.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use resque_core::{FailureRecord, FailureStore, Payload, QueueBackend, Settlement};

    use crate::MemoryBackend;
    use crate::testing::{World, slot};

    #[tokio::test]
    async fn keys_are_named_as_resque_names_them() {
        let world = World::new();
        world.register(&[0]).await;
        world.push("q:1", &["a", "b"]).await;
        let job = world.take(0, "*").await;
        let record = FailureRecord::new(world.now(), Payload::from("a"), "E", "e");
        world
            .exchange(&[Settlement::failed(job.receipt, record)], &[0], "*")
            .await;
        world.push("p", &["c"]).await;
        world.delay("q", "d", world.now()).await;
        let fraction = std::time::Duration::from_millis(1);
        world.delay("q", "d", world.now() + fraction).await;
        world.delay("q", "d", world.now() + 2 * fraction).await;
        world.pause(true).await;
        world.stop("x", true).await;

        let id = slot(0);
        let mut keys = world.memory.keyspace().unwrap().keys().await.unwrap();
        keys.sort_unstable();
        let mut expected = [
            "delayed:1795215600",
            "delayed:1795215601",
            "delayed_queue_schedule",
            "failed",
            "pause-all-workers",
            "pause:queue:x",
            "queue:p",
            "queues",
            "stat:failed",
            &format!("stat:failed:{id}"),
            "stat:processed",
            &format!("stat:processed:{id}"),
            &format!("worker:{id}"),
            &format!("worker:{id}:started"),
            "workers",
            "workers:heartbeat",
        ];
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(world.memory.count(None).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_key_is_its_parts_behind_the_namespace() {
        let memory = MemoryBackend::new();
        let keyspace = memory.keyspace().unwrap();
        assert_eq!(keyspace.namespace(), "resque");
        assert_eq!(keyspace.key(&["queue", "a:b"]), "resque:queue:a:b");
        let memory = memory.with_namespace("my:ns");
        let keyspace = memory.keyspace().unwrap();
        assert_eq!(
            (keyspace.namespace(), keyspace.key(&[])),
            ("my:ns", "my:ns".into())
        );
        assert!(format!("{memory:?}").contains(r#"namespace: "my:ns", .."#));
    }
}
