//! A job in the hands of a worker.

use std::sync::Arc;
use std::time::SystemTime;

use crate::{Payload, QueueName, WorkerId};

/// The right to settle one reservation, and proof of which one it was.
///
/// A receipt is worth something only while the store still notes the same reservation for the same
/// worker. Its token belongs to the backend that made it; nobody else looks inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    worker: WorkerId,
    token: Token,
    guard: Option<HeartbeatMark>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Token {
    Text(Arc<str>),
    Number(u64),
}

impl Receipt {
    /// Made by backends: the reservation of `worker` that `token` tells from all others.
    #[must_use]
    pub fn new(worker: WorkerId, token: impl Into<Arc<str>>) -> Self {
        Self::made(worker, Token::Text(token.into()))
    }

    /// Made by backends that number their reservations: costs no allocation.
    #[must_use]
    pub fn numbered(worker: WorkerId, number: u64) -> Self {
        Self::made(worker, Token::Number(number))
    }

    fn made(worker: WorkerId, token: Token) -> Self {
        Self {
            worker,
            token,
            guard: None,
        }
    }

    /// The same receipt, worth something only while the worker's last heartbeat is still `mark`.
    #[must_use]
    pub fn guarded_by(mut self, mark: HeartbeatMark) -> Self {
        self.guard = Some(mark);
        self
    }

    /// The worker that holds the reservation.
    #[must_use]
    pub fn worker(&self) -> &WorkerId {
        &self.worker
    }

    /// The backend's own token; empty for a numbered reservation.
    #[must_use]
    pub fn token(&self) -> &str {
        match &self.token {
            Token::Text(text) => text,
            Token::Number(_) => "",
        }
    }

    /// The number of a numbered reservation.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self.token {
            Token::Text(_) => None,
            Token::Number(number) => Some(number),
        }
    }

    /// The heartbeat that must still be the worker's last one, for receipts of dead workers.
    #[must_use]
    pub fn guard(&self) -> Option<&HeartbeatMark> {
        self.guard.as_ref()
    }
}

/// The value of a worker's last heartbeat exactly as the store holds it.
///
/// It is compared, never interpreted: what was decided because of an old heartbeat is void as soon
/// as the worker has beaten again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeartbeatMark(Arc<str>);

impl HeartbeatMark {
    /// Made by backends from the stored value.
    #[must_use]
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The stored value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job that a worker slot of ours has been given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// The slot that holds it.
    pub worker: WorkerId,
    /// The queue it came from.
    pub queue: QueueName,
    /// Its bytes.
    pub payload: Payload,
    /// When it was reserved, in store time.
    pub since: SystemTime,
    /// What settles it.
    pub receipt: Receipt,
    /// Whether the slot had been given it before and the reply may have been lost.
    pub redelivered: bool,
}

impl Reservation {
    /// Made by backends: a job given to a slot for the first time.
    #[must_use]
    pub fn new(queue: QueueName, payload: Payload, since: SystemTime, receipt: Receipt) -> Self {
        let worker = receipt.worker().clone();
        Self {
            worker,
            queue,
            payload,
            since,
            receipt,
            redelivered: false,
        }
    }

    /// The same job given to the same slot once more.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.redelivered = true;
        self
    }
}

/// What a worker of any kind, ours or foreign, holds according to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// The queue it came from, as the note says: foreign notes may hold any text or none.
    pub queue: String,
    /// The job's bytes; for a note that nobody can read, the bytes of the note.
    pub payload: Payload,
    /// Since when, if the note says so.
    pub since: Option<SystemTime>,
    /// What settles it.
    pub receipt: Receipt,
}

impl Held {
    /// Made by backends from a note.
    #[must_use]
    pub fn new(queue: impl Into<String>, payload: Payload, receipt: Receipt) -> Self {
        Self {
            queue: queue.into(),
            payload,
            since: None,
            receipt,
        }
    }

    /// The same, with the time since when it is held.
    #[must_use]
    pub fn since(mut self, since: Option<SystemTime>) -> Self {
        self.since = since;
        self
    }
}
