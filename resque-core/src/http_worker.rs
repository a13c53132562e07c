//! Workers that come over HTTP and are no workers of the registry.

use std::sync::Arc;
use std::time::SystemTime;

use crate::checked_text::{LONGEST, checked_text, flaw};
use crate::{Error, QueueName, Result};

/// How many workers over HTTP a store knows at once.
pub const MOST_HTTP_WORKERS: usize = 10_000;

/// The name that a worker over HTTP has given itself: UTF-8 of 1–255 bytes without control
/// characters.
///
/// It is no [`crate::WorkerId`] and never stands in the registry, where one foreign name breaks
/// Ruby's pages. Cloning is cheap.
///
/// ```
/// use resque_core::HttpWorkerId;
///
/// let id: HttpWorkerId = "myworker_1".parse()?;
/// assert_eq!(id.as_str(), "myworker_1");
/// assert!("".parse::<HttpWorkerId>().is_err());
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpWorkerId(Arc<str>);

checked_text!(HttpWorkerId);

impl HttpWorkerId {
    /// Checks and takes a name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidWorkerId`] when the name is empty, longer than 255 bytes, or contains a
    /// control character.
    pub fn new(id: impl AsRef<str>) -> Result<Self> {
        let id = id.as_ref();
        match flaw(id) {
            Some(reason) => Err(Error::InvalidWorkerId {
                id: id.chars().take(LONGEST).collect(),
                reason,
            }),
            None => Ok(Self(id.into())),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One worker over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpWorker {
    /// Its name.
    pub id: HttpWorkerId,
    /// The queues it is registered on, in byte order.
    pub queues: Vec<QueueName>,
    /// When it was registered last.
    pub started: SystemTime,
    /// When it was last heard of: registered, or something was counted for it.
    pub seen: SystemTime,
    /// What it has done since it was registered last.
    pub counts: HttpCounts,
}

impl HttpWorker {
    /// Made by backends; sorts the queues.
    #[must_use]
    pub fn new(
        id: HttpWorkerId,
        mut queues: Vec<QueueName>,
        (started, seen): (SystemTime, SystemTime),
        counts: HttpCounts,
    ) -> Self {
        queues.sort_unstable();
        Self {
            id,
            queues,
            started,
            seen,
            counts,
        }
    }
}

/// How many jobs were done over HTTP, and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpCounts {
    /// Jobs that were given out for good, or settled as performed.
    pub processed: u64,
    /// Those that failed.
    pub failed: u64,
}

/// Something to be counted for a queue and for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTally {
    /// The queue.
    pub queue: QueueName,
    /// The worker; what is counted for one that is not registered counts for the queue alone.
    pub worker: Option<HttpWorkerId>,
    /// How much is added.
    pub counts: HttpCounts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_printable() {
        for name in ["", "a\nb", "a\0", &"x".repeat(256)] {
            assert!(HttpWorkerId::new(name).is_err(), "{name:?}");
        }
        for name in ["myworker_1", "größe, 7:3", &"x".repeat(255)] {
            assert_eq!(HttpWorkerId::new(name).unwrap().as_str(), name);
        }
    }
}
