//! What goes into a queue.

use std::time::SystemTime;

use crate::{Payload, QueueName};

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
}

impl Enqueue {
    /// A job that is visible at once.
    #[must_use]
    pub fn new(queue: QueueName, payload: impl Into<Payload>) -> Self {
        Self {
            queue,
            payload: payload.into(),
            due: None,
        }
    }

    /// A job that becomes visible at `due`.
    #[must_use]
    pub fn at(queue: QueueName, payload: impl Into<Payload>, due: SystemTime) -> Self {
        Self {
            queue,
            payload: payload.into(),
            due: Some(due),
        }
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
}
