//! What goes into a queue.

use std::time::SystemTime;

use crate::{Lock, Payload, QueueName};

/// One job to be put into a queue, now or when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enqueue {
    /// The queue it goes to.
    pub queue: QueueName,
    /// Its bytes.
    pub payload: Payload,
    /// When it becomes visible; `None` is at once. A time that has passed still goes through the
    /// delayed set.
    pub due: Option<SystemTime>,
    /// The lock that it must get in the same step; while somebody else holds it the job is a
    /// [`Pushed::Duplicate`]. Only for stores that offer [`crate::Limits`].
    pub lock: Option<Box<Lock>>,
}

impl Enqueue {
    /// A job that is visible at once.
    #[must_use]
    pub fn new(queue: QueueName, payload: impl Into<Payload>) -> Self {
        Self {
            queue,
            payload: payload.into(),
            due: None,
            lock: None,
        }
    }

    /// A job that becomes visible at `due`.
    #[must_use]
    pub fn at(queue: QueueName, payload: impl Into<Payload>, due: SystemTime) -> Self {
        Self {
            queue,
            payload: payload.into(),
            due: Some(due),
            lock: None,
        }
    }

    /// The same, unless somebody else holds the lock.
    #[must_use]
    pub fn locked(mut self, lock: Lock) -> Self {
        self.lock = Some(Box::new(lock));
        self
    }
}

/// What became of one [`Enqueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pushed {
    /// It waits in its queue, which held `length` jobs right afterwards.
    Queued {
        /// The length of the queue with this job.
        length: u64,
    },
    /// It waits in the delayed set until it is due.
    Delayed,
    /// It was not put in, because somebody else holds its lock.
    Duplicate,
}
