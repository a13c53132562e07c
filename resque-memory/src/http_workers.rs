//! Workers that come over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Error, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, HttpWorkers, MOST_HTTP_WORKERS,
    QueueName, Result, Tally,
};

use crate::store::Store;

/// Who works over HTTP, and what was done that way.
#[derive(Default)]
pub(crate) struct HttpAccount {
    workers: BTreeMap<HttpWorkerId, Entry>,
    queues: BTreeMap<QueueName, HttpCounts>,
}

struct Entry {
    queues: BTreeSet<QueueName>,
    started: SystemTime,
    seen: SystemTime,
    counts: HttpCounts,
}

impl HttpAccount {
    /// The names of what is there, as keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        let workers = (!self.workers.is_empty()).then(|| "rs:http:workers".to_owned());
        let worker = |id: &HttpWorkerId| format!("rs:http:worker:{id}");
        let queue = |queue: &QueueName| format!("rs:http:queue:{queue}");
        let one_by_one = self.workers.keys().map(worker);
        let queues = self.queues.keys().map(queue);
        workers.into_iter().chain(one_by_one).chain(queues)
    }

    /// Counts what became of a loan.
    pub(crate) fn count_settlement(
        &mut self,
        queue: &QueueName,
        worker: Option<&HttpWorkerId>,
        tally: Tally,
        now: SystemTime,
    ) {
        let (processed, failed) = match tally {
            Tally::Nothing => (0, 0),
            Tally::Processed => (1, 0),
            Tally::ProcessedAndFailed => (1, 1),
        };
        self.count(queue, worker, HttpCounts { processed, failed }, now);
    }

    fn count(
        &mut self,
        queue: &QueueName,
        worker: Option<&HttpWorkerId>,
        counts: HttpCounts,
        now: SystemTime,
    ) {
        if counts != HttpCounts::default() {
            add(self.queues.entry(queue.clone()).or_default(), counts);
        }
        if let Some(entry) = worker.and_then(|worker| self.workers.get_mut(worker)) {
            add(&mut entry.counts, counts);
            entry.seen = entry.seen.max(now);
        }
    }

    fn register(&mut self, id: &HttpWorkerId, queue: &QueueName, now: SystemTime) -> Result<()> {
        if self.workers.len() >= MOST_HTTP_WORKERS && !self.workers.contains_key(id) {
            return Err(Error::Rejected {
                what: format!("register the worker {id:?} over HTTP"),
                reason: format!("{MOST_HTTP_WORKERS} workers are registered already"),
                transient: false,
            });
        }
        let entry = self.workers.entry(id.clone()).or_insert_with(|| Entry {
            queues: BTreeSet::new(),
            started: now,
            seen: now,
            counts: HttpCounts::default(),
        });
        entry.queues.insert(queue.clone());
        (entry.started, entry.seen) = (now, now);
        entry.counts = HttpCounts::default();
        Ok(())
    }

    fn unregister(&mut self, id: &HttpWorkerId, queue: &QueueName) -> bool {
        let Some(entry) = self.workers.get_mut(id) else {
            return false;
        };
        let was_there = entry.queues.remove(queue);
        if entry.queues.is_empty() {
            self.workers.remove(id);
        }
        was_there
    }

    fn shown(&self, id: &HttpWorkerId) -> Option<HttpWorker> {
        let entry = self.workers.get(id)?;
        let queues = entry.queues.iter().cloned().collect();
        let times = (entry.started, entry.seen);
        Some(HttpWorker::new(id.clone(), queues, times, entry.counts))
    }

    fn list(&self, queue: Option<&QueueName>) -> Vec<HttpWorker> {
        let is_meant = |entry: &Entry| queue.is_none_or(|queue| entry.queues.contains(queue));
        let meant = self.workers.iter().filter(|(_, entry)| is_meant(entry));
        meant.filter_map(|(id, _)| self.shown(id)).collect()
    }
}

fn add(to: &mut HttpCounts, counts: HttpCounts) {
    to.processed = to.processed.saturating_add(counts.processed);
    to.failed = to.failed.saturating_add(counts.failed);
}

#[async_trait]
impl HttpWorkers for Store {
    async fn register(
        &self,
        worker: &HttpWorkerId,
        queue: &QueueName,
        now: SystemTime,
    ) -> Result<()> {
        self.step(|state| state.http.register(worker, queue, now))
    }

    async fn unregister(&self, worker: &HttpWorkerId, queue: &QueueName) -> Result<bool> {
        Ok(self.step(|state| state.http.unregister(worker, queue)))
    }

    async fn count(&self, tallies: &[HttpTally], now: SystemTime) -> Result<()> {
        self.step(|state| {
            for tally in tallies {
                let worker = tally.worker.as_ref();
                state.http.count(&tally.queue, worker, tally.counts, now);
            }
        });
        Ok(())
    }

    async fn counts(&self, queue: &QueueName) -> Result<HttpCounts> {
        let counts = self.step(|state| state.http.queues.get(queue).copied());
        Ok(counts.unwrap_or_default())
    }

    async fn forget_counts(&self, queue: &QueueName) -> Result<()> {
        self.step(|state| state.http.queues.remove(queue));
        Ok(())
    }

    async fn workers(&self, queue: Option<&QueueName>) -> Result<Vec<HttpWorker>> {
        Ok(self.step(|state| state.http.list(queue)))
    }

    async fn worker(&self, id: &HttpWorkerId) -> Result<Option<HttpWorker>> {
        Ok(self.step(|state| state.http.shown(id)))
    }

    async fn prune(&self, before: SystemTime) -> Result<u64> {
        Ok(self.step(|state| {
            let known = state.http.workers.len();
            state.http.workers.retain(|_, entry| entry.seen >= before);
            (known - state.http.workers.len()) as u64
        }))
    }
}
