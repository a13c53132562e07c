//! Failed jobs: what is recorded and how the records are found again.

use std::sync::Arc;
use std::time::SystemTime;

use crate::opaque::opaque;
use crate::wire::extra::Extras;
use crate::{Payload, QueueName, wire};

/// One failed job: what it was, what went wrong, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureRecord {
    /// When it failed.
    pub failed_at: SystemTime,
    /// The job's bytes exactly as they were pushed, even if they are no job.
    pub payload: Payload,
    /// The kind of error, in Ruby the name of the exception's class.
    pub exception: String,
    /// The error's message.
    pub error: String,
    /// Where it happened, innermost frame first.
    pub backtrace: Vec<String>,
    /// The worker that held the job; empty when unknown. Foreign records may hold any text.
    pub worker: String,
    /// The queue it came from. Foreign records may hold any text.
    pub queue: String,
    /// When the job was put back into its queue, if it was.
    pub retried_at: Option<SystemTime>,
}

impl FailureRecord {
    /// A record without backtrace, worker and queue.
    #[must_use]
    pub fn new(
        failed_at: SystemTime,
        payload: Payload,
        exception: impl Into<String>,
        error: impl Into<String>,
    ) -> Self {
        Self {
            failed_at,
            payload,
            exception: exception.into(),
            error: error.into(),
            backtrace: Vec::new(),
            worker: String::new(),
            queue: String::new(),
            retried_at: None,
        }
    }

    /// The same record with the place where it happened.
    #[must_use]
    pub fn on(mut self, worker: impl Into<String>, queue: impl Into<String>) -> Self {
        self.worker = worker.into();
        self.queue = queue.into();
        self
    }

    /// How often the job was tried, this time included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.history().attempts.max(1)
    }

    /// What the payload tells of earlier attempts: how many, since when, and which workers were lost
    /// with the job.
    #[must_use]
    pub fn history(&self) -> Extras {
        Extras::read(self.payload.as_bytes())
    }

    /// The same record with a backtrace.
    #[must_use]
    pub fn backtrace(mut self, frames: Vec<String>) -> Self {
        self.backtrace = frames;
        self
    }
}

opaque! {
    /// The stable name of one failure record.
    ///
    /// It survives other records coming and going and the record being marked as retried. Its text
    /// belongs to the backend that made it; it is safe to show and to send back.
    pub struct FailureId;
}

/// A record as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureEntry {
    /// Its stable name.
    pub id: FailureId,
    /// What it says.
    pub content: FailureContent,
}

/// What a stored record says, if anybody can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureContent {
    /// A record.
    Record(Box<FailureRecord>),
    /// Bytes that are no record, left there by someone else. They can be seen and removed.
    Unreadable(Payload),
}

impl FailureContent {
    /// The record, if it can be read.
    #[must_use]
    pub fn record(&self) -> Option<&FailureRecord> {
        match self {
            Self::Record(record) => Some(record),
            Self::Unreadable(_) => None,
        }
    }
}

/// Which records are wanted; all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureFilter {
    /// The job's class.
    pub class: Option<String>,
    /// The kind of error.
    pub exception: Option<String>,
    /// The queue the job came from.
    pub queue: Option<String>,
    /// A text that message, class, worker or payload contain, in upper or lower case.
    pub text: Option<String>,
    /// Whether the job was put back into its queue.
    pub retried: Option<bool>,
    /// Failed at or after this time.
    pub since: Option<SystemTime>,
    /// Failed before this time.
    pub until: Option<SystemTime>,
}

impl FailureFilter {
    /// Whether no condition is set; then unreadable records are wanted too.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a stored record is wanted.
    #[must_use]
    pub fn wants(&self, content: &FailureContent) -> bool {
        let Some(record) = content.record() else {
            return self.is_empty();
        };
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        same(&self.exception, &record.exception)
            && same(&self.queue, &record.queue)
            && self
                .retried
                .is_none_or(|retried| retried == record.retried_at.is_some())
            && self.since.is_none_or(|since| record.failed_at >= since)
            && self.until.is_none_or(|until| record.failed_at < until)
            && self
                .class
                .as_deref()
                .is_none_or(|class| has_class(&record.payload, class))
            && self
                .text
                .as_deref()
                .is_none_or(|text| mentions(record, text))
    }
}

fn has_class(payload: &Payload, class: &str) -> bool {
    wire::payload::matches(payload.as_bytes(), class, None)
}

fn mentions(record: &FailureRecord, text: &str) -> bool {
    let wanted = text.to_lowercase();
    let payload = record.payload.to_text_lossy();
    [
        &*record.error,
        &*record.exception,
        &*record.worker,
        &*payload,
    ]
    .iter()
    .any(|place| place.to_lowercase().contains(&wanted))
}

/// Which end of the list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureOrder {
    /// The newest record first.
    #[default]
    NewestFirst,
    /// The oldest record first.
    OldestFirst,
}

/// Where the next page begins. Its text belongs to the backend that made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(Arc<str>);

impl Cursor {
    /// Takes the text of a cursor, made by a backend or sent back by a page.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One question for a page of records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureQuery {
    /// Which records.
    pub filter: FailureFilter,
    /// In which order.
    pub order: FailureOrder,
    /// Where to begin; `None` is the beginning.
    pub cursor: Option<Cursor>,
    /// How many records at most.
    pub limit: usize,
    /// How many records may be read to find them, so that a page stays quick in a list of millions.
    pub scan_budget: usize,
}

impl Default for FailureQuery {
    /// The newest 20 records of any kind.
    fn default() -> Self {
        Self {
            filter: FailureFilter::default(),
            order: FailureOrder::default(),
            cursor: None,
            limit: 20,
            scan_budget: 1_000,
        }
    }
}

/// One page of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailurePage {
    /// The records.
    pub entries: Vec<FailureEntry>,
    /// Where to go on, if there is more; also when the scan budget ran out before `limit`.
    pub next: Option<Cursor>,
    /// How many records were read for this page.
    pub scanned: usize,
}

impl FailurePage {
    /// Made by backends.
    #[must_use]
    pub fn new(entries: Vec<FailureEntry>, next: Option<Cursor>, scanned: usize) -> Self {
        Self {
            entries,
            next,
            scanned,
        }
    }
}

/// One failed job to put back into a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureRetry {
    /// Which record.
    pub id: FailureId,
    /// The queue to put it into; `None` is the one it came from.
    pub queue: Option<QueueName>,
    /// Whether the record stays, marked with the time; otherwise it goes in the same step.
    pub keep: bool,
    /// If set, a job that was put back at this time or later is not put back once more: then the
    /// answer is [`crate::Error::Conflict`]. So two that work through the same records at the same
    /// time put no job back twice.
    pub unless_since: Option<SystemTime>,
}

impl FailureRetry {
    /// Back into the queue it came from, the record stays marked, as Resque does.
    #[must_use]
    pub fn new(id: FailureId) -> Self {
        Self {
            id,
            queue: None,
            keep: true,
            unless_since: None,
        }
    }

    /// The same, into another queue.
    #[must_use]
    pub fn into_queue(mut self, queue: QueueName) -> Self {
        self.queue = Some(queue);
        self
    }

    /// The same, unless the job was put back at this time or later.
    #[must_use]
    pub fn unless_since(mut self, time: SystemTime) -> Self {
        self.unless_since = Some(time);
        self
    }

    /// Whether somebody else was faster, given when the job was put back last.
    #[must_use]
    pub fn comes_too_late(&self, retried_at: Option<SystemTime>) -> bool {
        let since = self.unless_since.zip(retried_at);
        since.is_some_and(|(since, retried_at)| retried_at >= since)
    }

    /// The same, and the record goes.
    #[must_use]
    pub fn and_remove(mut self) -> Self {
        self.keep = false;
        self
    }
}
