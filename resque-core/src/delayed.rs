//! Jobs that wait for their time.

use std::time::SystemTime;

use crate::opaque::opaque;
use crate::{Cursor, Error, Payload, QueueName};

opaque! {
    /// The name of one waiting job. Its text belongs to the backend that made it.
    pub struct DelayedId;
}

/// One job that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelayedJob {
    /// Its name.
    pub id: DelayedId,
    /// When it becomes visible.
    pub due: SystemTime,
    /// The queue it then goes to; `None` for a foreign item that names none.
    pub queue: Option<QueueName>,
    /// Its bytes as they will be pushed; for a foreign item that is no job, the item's bytes.
    pub payload: Payload,
}

impl DelayedJob {
    /// Made by backends.
    #[must_use]
    pub fn new(id: DelayedId, due: SystemTime, queue: Option<QueueName>, payload: Payload) -> Self {
        Self {
            id,
            due,
            queue,
            payload,
        }
    }
}

/// One page of waiting jobs, in order of their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelayedPage {
    /// The jobs.
    pub jobs: Vec<DelayedJob>,
    /// Where to go on, if there is more.
    pub next: Option<Cursor>,
}

impl DelayedPage {
    /// Made by backends.
    #[must_use]
    pub fn new(jobs: Vec<DelayedJob>, next: Option<Cursor>) -> Self {
        Self { jobs, next }
    }
}

/// What to do with one waiting job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayedEdit {
    /// Which job.
    pub id: DelayedId,
    /// What happens to it.
    pub to: DelayedTo,
}

/// Where a waiting job goes before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DelayedTo {
    /// Nowhere: it is cancelled.
    Nowhere,
    /// Into its queue at once.
    Queue,
    /// It waits for another time.
    At(SystemTime),
}

/// The answer to a promotion.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Promotion {
    /// How many jobs were moved into their queues.
    pub moved: usize,
    /// When the next one is due, if one waits.
    pub next_due: Option<SystemTime>,
    /// Whether somebody else promotes part of the jobs at present (another process holds the lock).
    pub standby: bool,
    /// Items that could not be moved, each with its place. They were put where they stop nothing
    /// and can be seen.
    pub troubles: Vec<Error>,
}
