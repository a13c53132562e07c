//! What the hooks around enqueueing and dequeueing are told.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::args;
use crate::{Client, JobError, JobResult, QueueName};

/// A job that is about to be put into a queue or taken out of it. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct EnqueueContext {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    class: Box<str>,
    queue: QueueName,
    args: Option<Bytes>,
    client: Client,
}

impl EnqueueContext {
    pub(crate) fn new(class: &str, queue: QueueName, args: Option<Bytes>, client: Client) -> Self {
        Self {
            shared: Arc::new(Shared {
                class: class.into(),
                queue,
                args,
                client,
            }),
        }
    }

    /// The job's class.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.shared.class
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> &QueueName {
        &self.shared.queue
    }

    /// The arguments as a JSON array; `None` when a whole class is dequeued.
    #[must_use]
    pub fn args_json(&self) -> Option<&str> {
        // This library wrote them, so they are text.
        std::str::from_utf8(self.shared.args.as_deref()?).ok()
    }

    /// The arguments as a struct or a tuple, by position; none of them when a whole class is
    /// dequeued.
    ///
    /// # Errors
    ///
    /// An `ArgumentError` that names what does not fit.
    pub fn args<T: DeserializeOwned>(&self) -> JobResult<T> {
        args::from_json(self.args_json().unwrap_or("[]")).map_err(JobError::argument)
    }

    /// The client that was called.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.shared.client
    }
}
