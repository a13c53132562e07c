//! A store in numbers.

use super::Client;
use crate::{BackendInfo, Result};

/// A store in numbers, as Ruby's `Resque.info` tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// How many jobs wait in all queues.
    pub pending: u64,
    /// How many jobs were performed since the counter was cleared, failed ones too.
    pub processed: u64,
    /// How many queues there are.
    pub queues: u64,
    /// How many workers are registered.
    pub workers: u64,
    /// How many of them hold a job.
    pub working: u64,
    /// How many failed jobs are on record.
    pub failed: u64,
    /// How many jobs wait for their time.
    pub delayed: u64,
    /// Which store it is.
    pub backend: BackendInfo,
}

impl Client {
    /// The store in numbers.
    ///
    /// # Errors
    ///
    /// As for [`crate::QueueBackend`].
    pub async fn info(&self) -> Result<Info> {
        let store = self.store("telling about the store")?;
        let listing = store.queues().queues().await?;
        let workers = store.workers().workers().await?.workers;
        let processed = store.workers().stat("processed").await?;
        let delayed = match store.queues().delayed() {
            Some(delayed) => delayed.count().await?,
            None => 0,
        };
        Ok(Info {
            pending: listing.queues.iter().map(|status| status.length).sum(),
            processed: u64::try_from(processed).unwrap_or(0),
            queues: listing.queues.len() as u64,
            workers: workers.len() as u64,
            working: workers
                .iter()
                .filter(|worker| worker.holds.is_some())
                .count() as u64,
            failed: store.failures().count(None).await?,
            delayed,
            backend: store.queues().info(),
        })
    }
}
