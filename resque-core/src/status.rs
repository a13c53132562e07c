//! What a store tells about itself, its queues and its workers.

use std::time::SystemTime;

use bytes::Bytes;

use crate::{HeartbeatMark, Held, QueueName, WorkerId};

/// Facts about a backend that are not methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendInfo {
    /// The backend's name: `memory`, `redis`, …
    pub name: &'static str,
    /// Whether jobs survive the end of the process that pushed them.
    pub durable: bool,
    /// Whether other processes see the same jobs.
    pub shared: bool,
    /// Whether a push of many is all or nothing.
    pub atomic_batch: bool,
    /// Which of Resque's ways of keeping failures the store follows; none if it has its own.
    pub failure_layout: Option<FailureLayout>,
}

/// Resque's two ways of keeping failures, in the words of `FAILURE_BACKEND`.
///
/// All processes of a fleet, of whatever language, have to agree on one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailureLayout {
    /// `redis`: in one list, `failed`. Resque's default, `Resque::Failure::Redis`.
    #[default]
    Single,
    /// `redis_multi_queue`: in one list for each queue, `<queue>_failed`, their names in the set
    /// `failed_queues`. `Resque::Failure::RedisMultiQueue`.
    PerQueue,
}

impl FailureLayout {
    /// The layout of this name in Resque, `redis` or `redis_multi_queue`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "redis" => Some(Self::Single),
            "redis_multi_queue" => Some(Self::PerQueue),
            _ => None,
        }
    }

    /// Its name in Resque.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "redis",
            Self::PerQueue => "redis_multi_queue",
        }
    }
}

impl BackendInfo {
    /// A backend that is neither durable nor shared nor atomic, until said otherwise.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            durable: false,
            shared: false,
            atomic_batch: false,
            failure_layout: None,
        }
    }

    /// Says whether jobs survive the process.
    #[must_use]
    pub const fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Says whether other processes see the same jobs.
    #[must_use]
    pub const fn shared(mut self, shared: bool) -> Self {
        self.shared = shared;
        self
    }

    /// Says which of Resque's ways of keeping failures the store follows.
    #[must_use]
    pub const fn failures(mut self, layout: FailureLayout) -> Self {
        self.failure_layout = Some(layout);
        self
    }

    /// Says whether a push of many is all or nothing.
    #[must_use]
    pub const fn atomic_batch(mut self, atomic: bool) -> Self {
        self.atomic_batch = atomic;
        self
    }
}

/// All queues of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueListing {
    /// The queues in byte order, empty ones too.
    pub queues: Vec<QueueStatus>,
    /// Names that are no queue names, left there by someone else; they are left alone.
    pub unreadable: Vec<Bytes>,
}

impl QueueListing {
    /// Made by backends; sorts the queues.
    #[must_use]
    pub fn new(mut queues: Vec<QueueStatus>, unreadable: Vec<Bytes>) -> Self {
        queues.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self { queues, unreadable }
    }

    /// The status of one queue, if it exists.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&QueueStatus> {
        self.queues
            .binary_search_by(|status| status.name.as_str().cmp(name))
            .ok()
            .map(|index| &self.queues[index])
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &QueueName> {
        self.queues.iter().map(|status| &status.name)
    }
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStatus {
    /// Its name.
    pub name: QueueName,
    /// How many jobs wait in it.
    pub length: u64,
    /// Whether it is stopped: it takes jobs and gives none.
    pub stopped: bool,
    /// Since when its oldest job waits, where the backend knows.
    pub oldest: Option<SystemTime>,
}

impl QueueStatus {
    /// A queue that is not stopped.
    #[must_use]
    pub fn new(name: QueueName, length: u64) -> Self {
        Self {
            name,
            length,
            stopped: false,
            oldest: None,
        }
    }

    /// Says whether it is stopped.
    #[must_use]
    pub fn stopped(mut self, stopped: bool) -> Self {
        self.stopped = stopped;
        self
    }

    /// Says since when its oldest job waits.
    #[must_use]
    pub fn oldest(mut self, oldest: Option<SystemTime>) -> Self {
        self.oldest = oldest;
        self
    }
}

/// All workers of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerListing {
    /// The workers in byte order of their ids.
    pub workers: Vec<WorkerStatus>,
    /// Ids that are no worker ids, left there by someone else; they are left alone.
    pub unreadable: Vec<Bytes>,
}

impl WorkerListing {
    /// Made by backends; sorts the workers.
    #[must_use]
    pub fn new(mut workers: Vec<WorkerStatus>, unreadable: Vec<Bytes>) -> Self {
        workers.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Self {
            workers,
            unreadable,
        }
    }

    /// One worker, if it is registered.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&WorkerStatus> {
        self.workers
            .binary_search_by(|status| status.id.as_str().cmp(id))
            .ok()
            .map(|index| &self.workers[index])
    }
}

/// One registered worker, ours or foreign.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Its id.
    pub id: WorkerId,
    /// When it started, if it said so in a way anybody can read.
    pub started: Option<SystemTime>,
    /// Its last heartbeat.
    pub heartbeat: Option<SystemTime>,
    /// How many jobs it has performed, failed ones too.
    pub processed: u64,
    /// How many of them failed.
    pub failed: u64,
    /// What it is working on.
    pub holds: Option<Held>,
}

impl WorkerStatus {
    /// An idle worker that has done nothing yet.
    #[must_use]
    pub fn new(id: WorkerId) -> Self {
        Self {
            id,
            started: None,
            heartbeat: None,
            processed: 0,
            failed: 0,
            holds: None,
        }
    }

    /// Whether it is a foreign worker that never sent a heartbeat: nobody can tell whether it
    /// lives, so it is never pruned by guess, and a person may remove it.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.heartbeat.is_none() && !self.id.is_ours()
    }
}

/// A worker whose last heartbeat is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadWorker {
    /// Its id.
    pub id: WorkerId,
    /// When it last beat.
    pub last_heartbeat: SystemTime,
    /// The stored value of that heartbeat.
    pub mark: HeartbeatMark,
    /// What it holds; the receipt in it is guarded by `mark`.
    pub holds: Option<Held>,
}

impl DeadWorker {
    /// Made by backends. Guards the receipt of what the worker holds with its last heartbeat.
    #[must_use]
    pub fn new(
        id: WorkerId,
        last_heartbeat: SystemTime,
        mark: HeartbeatMark,
        holds: Option<Held>,
    ) -> Self {
        let holds = holds.map(|mut held| {
            held.receipt = held.receipt.guarded_by(mark.clone());
            held
        });
        Self {
            id,
            last_heartbeat,
            mark,
            holds,
        }
    }

    /// How to take it off the registry, valid only while it stays silent.
    #[must_use]
    pub fn leaving(&self) -> Leaving {
        Leaving {
            worker: self.id.clone(),
            unless_beaten: Some(self.mark.clone()),
        }
    }
}

/// One worker to be taken off the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Which worker.
    pub worker: WorkerId,
    /// If set, only while its last heartbeat is still this one.
    pub unless_beaten: Option<HeartbeatMark>,
}

impl Leaving {
    /// A worker that leaves by its own will or by a person's.
    #[must_use]
    pub fn new(worker: WorkerId) -> Self {
        Self {
            worker,
            unless_beaten: None,
        }
    }
}

/// What became of one [`Leaving`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is off the registry, with its counters: taken off now, or by somebody else before, or it
    /// never was on it.
    Gone,
    /// It still holds a job, which has to be settled first; nothing changed.
    Holding(Box<Held>),
    /// It has beaten since; nothing changed.
    Alive,
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeats {
    /// The store's own time.
    pub server_time: SystemTime,
    /// The workers that are no longer registered: someone removed them. Nothing was written for
    /// them.
    pub gone: Vec<WorkerId>,
}

/// A job as a plain pop gives it: nobody holds it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popped {
    /// The queue it came from.
    pub queue: QueueName,
    /// Its bytes.
    pub payload: crate::Payload,
}

/// One kind of exact-bytes edit of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The queue.
    pub queue: QueueName,
    /// The stored bytes; only jobs of exactly these bytes are meant.
    pub payload: crate::Payload,
    /// How many of them at most, oldest first.
    pub at_most: u64,
    /// What happens to them.
    pub to: EditTo,
}

/// Where an edited job goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditTo {
    /// Nowhere: it is removed.
    Nowhere,
    /// To the front of its queue.
    Front,
    /// To the end of another queue.
    Queue(QueueName),
}
