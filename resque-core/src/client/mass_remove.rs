//! Removing many failure records by what they say.

use super::Failures;
use crate::{FailureFilter, FailureRecord, FailureRetry, QueueName, Result};

type Condition<'a> = Box<dyn Fn(&FailureRecord) -> bool + Send + Sync + 'a>;

/// Removes failure records by what they say, or puts their jobs back, as Perl's `mass_remove` does.
///
/// ```
/// use resque_core::MassRemove;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let client = resque_core::Client::new(resque_memory::MemoryBackend::new().backend());
/// let matches = MassRemove::new()
///     .class("Archive")
///     .when(|record| record.error.contains("timeout"))
///     .requeue_to("retries")?
///     .limit(100)
///     .run(&client.failures()?)
///     .await?;
/// assert_eq!(matches, 0);
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
#[must_use = "nothing is removed before `run`"]
pub struct MassRemove<'a> {
    filter: FailureFilter,
    conditions: Vec<Condition<'a>>,
    requeue: bool,
    queue: Option<QueueName>,
    limit: Option<usize>,
}

impl<'a> MassRemove<'a> {
    /// Means all records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Means only jobs that came from this queue.
    pub fn queue(mut self, queue: &str) -> Self {
        self.filter.queue = Some(queue.to_owned());
        self
    }

    /// Means only jobs of this class.
    pub fn class(mut self, class: &str) -> Self {
        self.filter.class = Some(class.to_owned());
        self
    }

    /// Means only records for which this holds: a place for regular expressions over the error,
    /// the arguments or anything else.
    pub fn when(mut self, condition: impl Fn(&FailureRecord) -> bool + Send + Sync + 'a) -> Self {
        self.conditions.push(Box::new(condition));
        self
    }

    /// Puts the jobs back into the queues they came from.
    pub fn requeue(mut self) -> Self {
        self.requeue = true;
        self
    }

    /// Puts the jobs into this queue.
    ///
    /// # Errors
    ///
    /// [`crate::Error::InvalidQueueName`].
    pub fn requeue_to(mut self, queue: &str) -> Result<Self> {
        self.queue = Some(QueueName::new(queue)?);
        Ok(self.requeue())
    }

    /// Stops after this many, the oldest first.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Does it, and answers how many records there were.
    ///
    /// Each record goes in the same step in which its job is put back.
    ///
    /// # Errors
    ///
    /// As for [`Failures`].
    pub async fn run(self, failures: &Failures<'_>) -> Result<u64> {
        let limit = self.limit.unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(0);
        }
        let mut ids = Vec::new();
        failures
            .each(&self.filter, |entry| {
                let wanted = entry.content.record().is_some_and(|record| {
                    self.conditions.iter().all(|condition| condition(record))
                });
                ids.extend(wanted.then_some(entry.id));
                ids.len() < limit
            })
            .await?;
        if !self.requeue {
            return failures.remove_list(&ids).await;
        }
        let retries: Vec<FailureRetry> = ids
            .into_iter()
            .map(|id| {
                let retry = FailureRetry::new(id).and_remove();
                match &self.queue {
                    Some(queue) => retry.into_queue(queue.clone()),
                    None => retry,
                }
            })
            .collect();
        failures.retry_list(&retries).await
    }
}

impl std::fmt::Debug for MassRemove<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MassRemove")
            .field("filter", &self.filter)
            .field("conditions", &self.conditions.len())
            .field("requeue", &self.requeue)
            .field("queue", &self.queue)
            .field("limit", &self.limit)
            .finish()
    }
}
