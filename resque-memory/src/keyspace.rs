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
