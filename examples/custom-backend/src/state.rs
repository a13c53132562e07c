//! What the file holds: plain data, written as JSON.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque::{
    FailureContent, FailureEntry, FailureId, FailureRecord, HeartbeatMark, Held, Payload,
    QueueName, Receipt, Reservation, WorkerId,
};
use serde::{Deserialize, Serialize};

/// Everything that the backend knows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// The queues that exist, empty ones too, each with its waiting jobs.
    pub(crate) queues: BTreeMap<String, VecDeque<Bytes>>,
    /// The jobs in flight, by the worker that holds them.
    pub(crate) notes: BTreeMap<String, Note>,
    /// The registered workers, and when each started.
    pub(crate) workers: BTreeMap<String, u64>,
    /// The last heartbeat of everybody who works, registered or not.
    pub(crate) heartbeats: BTreeMap<String, u64>,
    /// The counters.
    pub(crate) stats: BTreeMap<String, i64>,
    /// The failed jobs, oldest first.
    pub(crate) failures: BTreeMap<u64, Failure>,
    /// The jobs that wait for their time, sorted by it and then by their coming.
    pub(crate) delayed: Vec<Waiting>,
    /// Numbers that were never given out before: receipts, failure ids, the order of coming.
    next: u64,
}

/// A payload: bytes of any kind, which JSON text cannot hold as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bytes(#[serde(with = "hex::serde")] pub(crate) Vec<u8>);

impl From<&Payload> for Bytes {
    fn from(payload: &Payload) -> Self {
        Self(payload.as_bytes().to_vec())
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes.0)
    }
}

/// Which job a worker holds. There is at most one for each worker, and it is written in the same
/// step in which the job leaves its queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) queue: String,
    pub(crate) payload: Bytes,
    pub(crate) since: u64,
    pub(crate) token: String,
}

impl Note {
    pub(crate) fn reservation(self, worker: &WorkerId, queue: QueueName) -> Reservation {
        let receipt = Receipt::new(worker.clone(), self.token);
        Reservation::new(queue, self.payload.into(), time(self.since), receipt)
    }

    pub(crate) fn held_by(self, worker: &WorkerId) -> Held {
        let receipt = Receipt::new(worker.clone(), self.token);
        Held::new(self.queue, self.payload.into(), receipt).since(Some(time(self.since)))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) due: u64,
    pub(crate) id: u64,
    pub(crate) queue: String,
    pub(crate) payload: Bytes,
}

/// A failure record. The crate's own type is not serialisable on purpose: what a store writes is
/// the store's affair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    failed_at: u64,
    pub(crate) payload: Bytes,
    exception: String,
    error: String,
    backtrace: Vec<String>,
    worker: String,
    pub(crate) queue: String,
    pub(crate) retried_at: Option<u64>,
}

impl From<&FailureRecord> for Failure {
    fn from(record: &FailureRecord) -> Self {
        Self {
            failed_at: nanos(record.failed_at),
            payload: Bytes::from(&record.payload),
            exception: record.exception.clone(),
            error: record.error.clone(),
            backtrace: record.backtrace.clone(),
            worker: record.worker.clone(),
            queue: record.queue.clone(),
            retried_at: record.retried_at.map(nanos),
        }
    }
}

impl Failure {
    pub(crate) fn entry(&self, id: u64) -> FailureEntry {
        let failed_at = time(self.failed_at);
        let payload = self.payload.clone().into();
        let mut record = FailureRecord::new(failed_at, payload, &self.exception, &self.error)
            .on(&self.worker, &self.queue)
            .backtrace(self.backtrace.clone());
        record.retried_at = self.retried_at.map(time);
        let content = FailureContent::Record(Box::new(record));
        FailureEntry {
            id: FailureId::new(id.to_string()),
            content,
        }
    }
}

impl State {
    /// A number that was never given out before.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Puts a job at the end of a queue, which exists from then on, and answers its length.
    pub(crate) fn queue_up(&mut self, queue: &str, payload: Bytes) -> u64 {
        let jobs = self.queues.entry(queue.to_owned()).or_default();
        jobs.push_back(payload);
        jobs.len() as u64
    }

    /// Lets a job wait for its time, behind those that wait for the same time already.
    pub(crate) fn delay(&mut self, due: SystemTime, queue: String, payload: Bytes) {
        let (due, id) = (nanos(due), self.fresh());
        let place = self.delayed.partition_point(|waiting| waiting.due <= due);
        self.delayed.insert(
            place,
            Waiting {
                due,
                id,
                queue,
                payload,
            },
        );
    }

    /// Empties everything and answers how much there was. Numbers go on, so that a receipt of
    /// before is worth nothing afterwards.
    pub(crate) fn empty(&mut self) -> usize {
        let empty = Self {
            next: self.next,
            ..Self::default()
        };
        let gone = std::mem::replace(self, empty);
        gone.queues.len()
            + gone.notes.len()
            + gone.workers.len()
            + gone.heartbeats.len()
            + gone.stats.len()
            + gone.failures.len()
            + gone.delayed.len()
    }

    /// The stored value of a worker's last heartbeat.
    pub(crate) fn mark(&self, worker: &str) -> Option<HeartbeatMark> {
        let heartbeat = self.heartbeats.get(worker)?;
        Some(HeartbeatMark::new(heartbeat.to_string()))
    }

    /// Adds to a counter and answers its new value.
    pub(crate) fn count(&mut self, stat: &str, by: i64) -> i64 {
        let value = self.stats.entry(stat.to_owned()).or_default();
        *value = value.saturating_add(by);
        *value
    }
}

/// Times are kept as nanoseconds since 1970.
pub(crate) fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}
