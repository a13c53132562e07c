//! Looking at queues, making and removing them.

use std::collections::BTreeMap;

use super::{Client, QueuedJob};
use crate::{Page, QueueListing, QueueName, Result};

/// The length of a queue and the first of its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueSample {
    /// How many jobs wait in it.
    pub size: u64,
    /// The first of them.
    pub samples: Vec<QueuedJob>,
}

impl Client {
    /// The names of all queues in byte order, empty ones too.
    ///
    /// # Errors
    ///
    /// As for [`crate::QueueBackend`], and so for all methods here.
    pub async fn queues(&self) -> Result<Vec<QueueName>> {
        let listing = self.queue_listing().await?;
        Ok(listing
            .queues
            .into_iter()
            .map(|status| status.name)
            .collect())
    }

    /// All queues with everything the store tells about them.
    ///
    /// # Errors
    ///
    /// As for [`queues`](Client::queues).
    pub async fn queue_listing(&self) -> Result<QueueListing> {
        self.store("listing queues")?.queues().queues().await
    }

    /// How many jobs wait in a queue; 0 if it does not exist.
    ///
    /// # Errors
    ///
    /// As for [`queues`](Client::queues).
    pub async fn size(&self, queue: &str) -> Result<u64> {
        let store = self.store("measuring a queue")?;
        match QueueName::new(queue) {
            Ok(queue) => store.queues().length(&queue).await,
            // No queue can have this name.
            Err(_) => Ok(0),
        }
    }

    /// How many jobs wait in each queue.
    ///
    /// # Errors
    ///
    /// As for [`queues`](Client::queues).
    pub async fn sizes(&self) -> Result<BTreeMap<QueueName, u64>> {
        let listing = self.queue_listing().await?;
        let sizes = listing
            .queues
            .into_iter()
            .map(|status| (status.name, status.length));
        Ok(sizes.collect())
    }

    /// Shows waiting jobs, the next one first. [`Page::ruby`] and [`Page::perl`] count as those
    /// clients do.
    ///
    /// # Errors
    ///
    /// As for [`queues`](Client::queues), and [`crate::Error::InvalidQueueName`].
    pub async fn peek(&self, queue: &str, page: Page) -> Result<Vec<QueuedJob>> {
        let queue = QueueName::new(queue)?;
        let payloads = self.store("peeking")?.queues().peek(&queue, page).await?;
        let jobs = payloads
            .into_iter()
            .map(|payload| QueuedJob::new(queue.clone(), payload));
        Ok(jobs.collect())
    }

    /// The length of each queue and its first `at_most` jobs.
    ///
    /// # Errors
    ///
    /// As for [`queues`](Client::queues).
    pub async fn sample_queues(&self, at_most: u32) -> Result<BTreeMap<QueueName, QueueSample>> {
        let mut samples = BTreeMap::new();
        for status in self.queue_listing().await?.queues {
            let sample = QueueSample {
                size: status.length,
                samples: self
                    .peek(status.name.as_str(), Page::new(0, at_most))
                    .await?,
            };
            samples.insert(status.name, sample);
        }
        Ok(samples)
    }

    /// Makes a queue exist without a job; answers whether it is new.
    ///
    /// # Errors
    ///
    /// As for [`peek`](Client::peek).
    pub async fn create_queue(&self, queue: &str) -> Result<bool> {
        let queue = QueueName::new(queue)?;
        self.store("creating a queue")?
            .queues()
            .create_queue(&queue)
            .await
    }

    /// Removes a queue with all its waiting jobs, and answers how many there were. Jobs in flight,
    /// failures and delayed jobs stay.
    ///
    /// # Errors
    ///
    /// As for [`peek`](Client::peek).
    pub async fn remove_queue(&self, queue: &str) -> Result<u64> {
        let queue = QueueName::new(queue)?;
        self.store("removing a queue")?
            .queues()
            .delete_queue(&queue)
            .await
    }
}
