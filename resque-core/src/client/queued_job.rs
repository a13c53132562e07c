//! A job as it lies in a queue.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::args::{self, ArgumentError};
use crate::job::{describe, share};
use crate::wire::payload::{InvalidPayload, decode};
use crate::{Attempt, Payload, Popped, QueueName};

/// A job as it lies, or lay, in a queue.
///
/// Its text form is Ruby's: `(Job{file_serve} | Archive | [44, "masterbrew"])`.
#[derive(Clone, Debug)]
pub struct QueuedJob {
    queue: QueueName,
    payload: Payload,
    content: Result<Content, InvalidPayload>,
}

#[derive(Clone, Debug)]
struct Content {
    class: String,
    args: Bytes,
}

impl QueuedJob {
    /// Reads a payload; one that is no job can still be looked at.
    #[must_use]
    pub fn new(queue: QueueName, payload: Payload) -> Self {
        let content = decode(payload.as_bytes()).map(|text| Content {
            args: share(&payload, &text),
            class: text.class.into_owned(),
        });
        Self {
            queue,
            payload,
            content,
        }
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> &QueueName {
        &self.queue
    }

    /// The exact bytes.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The class; `None` when the payload is no job.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.content
            .as_ref()
            .ok()
            .map(|content| content.class.as_str())
    }

    /// Why the payload is no job, if it is none.
    #[must_use]
    pub fn flaw(&self) -> Option<&InvalidPayload> {
        self.content.as_ref().err()
    }

    /// The arguments as the JSON array that was pushed; `[]` when the payload is no job.
    #[must_use]
    pub fn args_json(&self) -> &str {
        let args = self.content.as_ref().ok().map(|content| &content.args[..]);
        // The payload was read as text before, so this never falls back for a job.
        args.and_then(|args| std::str::from_utf8(args).ok())
            .unwrap_or("[]")
    }

    /// The arguments as a [`crate::Job`], another struct, a tuple, or a `Vec<serde_json::Value>`.
    ///
    /// # Errors
    ///
    /// When they do not fit; the message names what does not.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, ArgumentError> {
        args::from_json(self.args_json())
    }

    /// The same as an attempt to perform it, for [`crate::Performer::prepare`].
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        Attempt::new(Some(self.queue.clone()), self.payload.clone())
    }
}

impl From<Popped> for QueuedJob {
    fn from(popped: Popped) -> Self {
        Self::new(popped.queue, popped.payload)
    }
}

impl PartialEq for QueuedJob {
    /// Jobs are equal when queue and bytes are.
    fn eq(&self, other: &Self) -> bool {
        self.queue == other.queue && self.payload == other.payload
    }
}

impl Eq for QueuedJob {}

impl fmt::Display for QueuedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class().unwrap_or_default();
        f.write_str(&describe(self.queue.as_str(), class, self.args_json()))
    }
}
