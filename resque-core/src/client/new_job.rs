//! A job that is to be enqueued, described piece by piece.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::Client;
use super::classes::{Class, check_class, queue_named};
use super::encode::Encoded;
use super::enqueue::Ready;
use crate::{Error, Job, Result};

/// When a job is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    when: When,
    exactly: bool,
}

#[derive(Clone, Copy, Debug)]
enum When {
    At(SystemTime),
    After(Duration),
}

impl Due {
    pub(super) fn at(at: SystemTime) -> Self {
        let when = When::At(at);
        Self {
            when,
            exactly: false,
        }
    }

    pub(super) fn after(delay: Duration) -> Self {
        let when = When::After(delay);
        Self {
            when,
            exactly: false,
        }
    }

    /// The time, seen from `now`; `None` when it has come.
    pub(super) fn from(self, now: SystemTime) -> Result<Option<SystemTime>> {
        let at = match self.when {
            When::At(at) => Some(at),
            When::After(delay) => now.checked_add(delay),
        };
        // What has come already is not moved into the future by rounding.
        let at = match at {
            Some(at) if self.exactly || at <= now => Some(at),
            at => at.and_then(whole_second),
        };
        let at = at.ok_or_else(|| Error::InvalidSetting {
            setting: "the delay".to_owned(),
            reason: "it lies beyond the times that can be told".to_owned(),
        })?;
        Ok((at > now).then_some(at))
    }
}

/// Rounds up to the second, so that a job is never visible before its time and any scheduler of
/// the fleet, which counts in seconds, can take it over.
fn whole_second(at: SystemTime) -> Option<SystemTime> {
    let nanos = match at.duration_since(UNIX_EPOCH) {
        Ok(since) => since.subsec_nanos(),
        Err(_) => 0,
    };
    if nanos == 0 {
        return Some(at);
    }
    at.checked_add(Duration::from_nanos(u64::from(1_000_000_000 - nanos)))
}

/// A job that is to be enqueued: what, where and when.
///
/// ```
/// use std::time::Duration;
/// use resque_core::{Client, NewJob};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let client = Client::new(resque_memory::MemoryBackend::new().backend());
/// let jobs = [
///     NewJob::raw("Archive", &(44, "masterbrew")).to("file_serve"),
///     NewJob::raw("Archive", &(45, "main")).to("file_serve").after(Duration::from_secs(90)),
/// ];
/// let outcomes = client.submit_all(jobs).await?;
/// assert!(outcomes.iter().all(|outcome| outcome.is_taken()));
/// assert_eq!(client.size("file_serve").await?, 1);
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a job is enqueued by `Client::submit`"]
pub struct NewJob {
    class: Cow<'static, str>,
    encoded: Result<Encoded>,
    queue: Cow<'static, str>,
    due: Option<Due>,
    timeout: Option<Duration>,
    /// What finds the class of a [`Job`], with its hooks.
    find: Option<fn(&Client) -> Arc<Class>>,
}

impl NewJob {
    /// A job for the queue of its class.
    pub fn of<J: Job>(job: &J) -> Self {
        Self {
            class: J::CLASS.into(),
            encoded: Encoded::new(J::CLASS, job),
            queue: J::QUEUE.into(),
            due: None,
            timeout: None,
            find: Some(Client::class_of::<J>),
        }
    }

    /// A job that is known by its class name only, without a queue yet; `args` are any list.
    pub fn raw<A: Serialize + ?Sized>(class: impl Into<Cow<'static, str>>, args: &A) -> Self {
        let class = class.into();
        Self {
            encoded: Encoded::new(&class, args),
            class,
            queue: "".into(),
            due: None,
            timeout: None,
            find: None,
        }
    }

    /// The same for this queue.
    pub fn to(mut self, queue: &str) -> Self {
        self.queue = queue.to_owned().into();
        self
    }

    /// The same at a time, rounded up to the second; a time that has passed is at once.
    pub fn at(mut self, at: SystemTime) -> Self {
        self.due = Some(Due::at(at));
        self
    }

    /// The same after a delay, rounded up to the second.
    pub fn after(mut self, delay: Duration) -> Self {
        self.due = Some(Due::after(delay));
        self
    }

    /// The same at its time to the full precision of the store, not rounded to the second. On
    /// Redis such a job waits where only this library looks.
    pub fn exactly(mut self) -> Self {
        if let Some(due) = &mut self.due {
            due.exactly = true;
        }
        self
    }

    /// The same with this time for each attempt, whatever its class and its worker say. It stands in
    /// the payload's member `rs`, which workers of other programs ignore.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Checks everything, in Resque's order.
    pub(super) fn ready(self, client: &Client) -> Result<Ready> {
        let queue = queue_named(&self.queue, &self.class)?;
        check_class(&self.class)?;
        let class = match self.find {
            Some(find) => find(client),
            None => client.class_named(&self.class),
        };
        Ok(Ready {
            class_name: self.class,
            class,
            queue,
            encoded: client.stamped(self.encoded?, self.due, self.timeout),
            due: self.due,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_are_rounded_up_and_never_come_early() {
        let second = |n| UNIX_EPOCH + Duration::from_secs(n);
        let now = second(100) + Duration::from_millis(400);
        let due = |due: Due| due.from(now).unwrap();
        assert_eq!(due(Due::at(second(101))), Some(second(101)));
        assert_eq!(
            due(Due::at(second(101) + Duration::from_nanos(1))),
            Some(second(102))
        );
        assert_eq!(due(Due::after(Duration::from_secs(2))), Some(second(103)));
        assert_eq!(
            due(Due::at(now + Duration::from_nanos(1))),
            Some(second(101)),
            "within the present second"
        );
        assert_eq!(due(Due::at(now)), None, "has come");
        assert_eq!(due(Due::at(second(100))), None, "passed");
        assert_eq!(due(Due::at(UNIX_EPOCH - Duration::from_secs(5))), None);
        assert!(Due::after(Duration::MAX).from(now).is_err());
        let exactly = Due {
            exactly: true,
            ..Due::at(now + Duration::from_millis(1))
        };
        assert_eq!(due(exactly), Some(now + Duration::from_millis(1)));
        let past = Due {
            exactly: true,
            ..Due::at(now)
        };
        assert_eq!(due(past), None);
    }
}
