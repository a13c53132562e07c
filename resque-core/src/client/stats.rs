//! Counters.

use super::Client;
use crate::{Result, WorkerRegistry};

/// The counters of a store: `processed`, `failed`, and any an application adds.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let client = resque_core::Client::new(resque_memory::MemoryBackend::new().backend());
/// let stats = client.stats()?;
/// assert_eq!(stats.incr("invitations", 3).await?, 3);
/// assert_eq!(stats.decr("invitations", 1).await?, 2);
/// assert_eq!(stats.get("invitations").await?, 2);
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stats<'a> {
    registry: &'a dyn WorkerRegistry,
}

impl Client {
    /// The counters.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] in inline mode.
    pub fn stats(&self) -> Result<Stats<'_>> {
        let registry = &**self.store("counting")?.workers();
        Ok(Stats { registry })
    }
}

impl Stats<'_> {
    /// The value of a counter, 0 if there is none.
    ///
    /// # Errors
    ///
    /// As for [`crate::QueueBackend`], and so for all methods here.
    pub async fn get(&self, name: &str) -> Result<i64> {
        self.registry.stat(name).await
    }

    /// Sets a counter.
    ///
    /// # Errors
    ///
    /// As for [`get`](Stats::get).
    pub async fn set(&self, name: &str, value: i64) -> Result<()> {
        self.registry.set_stat(name, value).await
    }

    /// Adds to a counter and answers its new value.
    ///
    /// # Errors
    ///
    /// As for [`get`](Stats::get).
    pub async fn incr(&self, name: &str, by: i64) -> Result<i64> {
        self.registry.incr_stat(name, by).await
    }

    /// Takes from a counter and answers its new value.
    ///
    /// # Errors
    ///
    /// As for [`get`](Stats::get).
    pub async fn decr(&self, name: &str, by: i64) -> Result<i64> {
        self.registry.incr_stat(name, by.saturating_neg()).await
    }

    /// Removes a counter.
    ///
    /// # Errors
    ///
    /// As for [`get`](Stats::get).
    pub async fn clear(&self, name: &str) -> Result<()> {
        self.registry.clear_stat(name).await
    }
}
