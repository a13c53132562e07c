//! Plain pushing and popping, without hooks and without anybody holding the job.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use serde::Serialize;

use super::classes::{check_class, queue_named};
use super::encode::Encoded;
use super::enqueue::no_answer;
use super::{Client, QueuedJob};
use crate::{Enqueue, Error, Payload, Pushed, QueueList, QueueName, Result};

impl Client {
    /// Puts bytes into a queue as they are, whatever they are, and answers the length of the queue
    /// with them. No hooks run.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQueueName`], else as for [`crate::QueueBackend`], and so for all methods
    /// here.
    pub async fn push(&self, queue: &str, payload: impl Into<Payload> + Send) -> Result<u64> {
        let item = Enqueue::new(QueueName::new(queue)?, payload);
        let pushed = self.store("pushing")?.queues().push(&[item]).await?;
        match pushed.first() {
            Some(Pushed::Queued { length }) => Ok(*length),
            Some(_) => Ok(0),
            None => Err(no_answer()),
        }
    }

    /// Puts a job into a queue without running hooks, as Ruby's `Job.create` does, and answers the
    /// length of the queue with it.
    ///
    /// # Errors
    ///
    /// As for [`Client::enqueue`].
    pub async fn create_job<A>(&self, queue: &str, class: &str, args: A) -> Result<u64>
    where
        A: Serialize + Send,
    {
        let queue = queue_named(queue, class)?;
        check_class(class)?;
        let payload = Encoded::new(class, &args)?.payload;
        // The arguments need not be fit to wait for the reply.
        drop(args);
        self.push(queue.as_str(), payload).await
    }

    /// Takes the next job out of a queue for good: nobody holds it any more, and if the caller
    /// crashes it is lost. A worker reserves jobs instead.
    ///
    /// # Errors
    ///
    /// As for [`push`](Client::push).
    pub async fn pop(&self, queue: &str) -> Result<Option<QueuedJob>> {
        self.pop_first(&QueueList::one(QueueName::new(queue)?))
            .await
    }

    /// Takes the next job out of the first queue that has one, and waits for one while there is
    /// none; after `timeout` answers `None`. Without a timeout it waits for ever.
    ///
    /// # Errors
    ///
    /// As for [`push`](Client::push).
    pub async fn pop_wait(
        &self,
        from: &QueueList,
        timeout: Option<Duration>,
    ) -> Result<Option<QueuedJob>> {
        let clock = self.clock();
        let give_up = match timeout {
            Some(timeout) => clock.sleep(timeout),
            None => Box::pin(std::future::pending()),
        };
        let search = pin!(self.pop_when_there_is_one(from));
        match select(search, give_up).await {
            Either::Left((found, _)) => found.map(Some),
            Either::Right(_) => Ok(None),
        }
    }

    async fn pop_when_there_is_one(&self, from: &QueueList) -> Result<QueuedJob> {
        /// How often a store is asked that cannot announce a push.
        const POLL: Duration = Duration::from_millis(200);
        let queues = self.store("popping")?.queues();
        loop {
            // The ticket comes first, so that a push behind the pop's back wakes the wait.
            let ticket = match queues.waiting() {
                Some(waiting) => Some(waiting.ticket(from).await?),
                None => None,
            };
            if let Some(job) = self.pop_first(from).await? {
                return Ok(job);
            }
            match (queues.waiting(), ticket) {
                (Some(waiting), Some(ticket)) => match waiting.wait(ticket, from).await {
                    Err(Error::Unavailable { .. }) => self.clock().sleep(POLL).await,
                    woken => woken?,
                },
                _ => self.clock().sleep(POLL).await,
            }
        }
    }

    async fn pop_first(&self, from: &QueueList) -> Result<Option<QueuedJob>> {
        let popped = self.store("popping")?.queues().pop(from, 1).await?;
        Ok(popped.into_iter().next().map(QueuedJob::from))
    }
}
