//! Stopping queues, pausing workers, keys.

use super::Client;
use crate::{Keyspace, QueueControl, QueueName, Result};

impl Client {
    /// Stops a queue: it takes jobs and gives none until it is started again.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] by a store without the ability, else as for
    /// [`crate::QueueBackend`], and so for all methods here.
    pub async fn stop_queue(&self, queue: &str) -> Result<()> {
        self.control()?
            .set_stopped(&QueueName::new(queue)?, true)
            .await
    }

    /// Starts a stopped queue again.
    ///
    /// # Errors
    ///
    /// As for [`stop_queue`](Client::stop_queue).
    pub async fn start_queue(&self, queue: &str) -> Result<()> {
        self.control()?
            .set_stopped(&QueueName::new(queue)?, false)
            .await
    }

    /// Whether a queue is stopped, whether it exists or not.
    ///
    /// # Errors
    ///
    /// As for [`stop_queue`](Client::stop_queue).
    pub async fn is_stopped(&self, queue: &str) -> Result<bool> {
        self.control()?.stopped(&QueueName::new(queue)?).await
    }

    /// Pauses all workers: they finish what they hold and reserve nothing.
    ///
    /// # Errors
    ///
    /// As for [`stop_queue`](Client::stop_queue).
    pub async fn pause_all(&self) -> Result<()> {
        self.control()?.set_paused(true).await
    }

    /// Ends the pause of all workers.
    ///
    /// # Errors
    ///
    /// As for [`stop_queue`](Client::stop_queue).
    pub async fn resume_all(&self) -> Result<()> {
        self.control()?.set_paused(false).await
    }

    /// Whether all workers are paused.
    ///
    /// # Errors
    ///
    /// As for [`stop_queue`](Client::stop_queue).
    pub async fn is_paused(&self) -> Result<bool> {
        self.control()?.paused().await
    }

    /// The full name of the key made of these parts.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] by a store without keys.
    pub fn key(&self, parts: &[&str]) -> Result<String> {
        Ok(self.keyspace()?.key(parts))
    }

    /// The names of all keys, without the namespace, in no order. Reads the whole keyspace.
    ///
    /// # Errors
    ///
    /// As for [`stop_queue`](Client::stop_queue).
    pub async fn keys(&self) -> Result<Vec<String>> {
        self.keyspace()?.keys().await
    }

    /// Removes everything in this namespace and nothing else: queues, workers, failures, counters.
    /// Answers how many keys, rows or values went.
    ///
    /// # Errors
    ///
    /// As for [`crate::QueueBackend`].
    pub async fn flush(&self) -> Result<u64> {
        self.store("flushing")?.queues().clear().await
    }

    fn control(&self) -> Result<&dyn QueueControl> {
        let what = "stopping and pausing";
        let store = self.store(what)?;
        store
            .queues()
            .control()
            .ok_or_else(|| store.not_offered(what, "queue control"))
    }

    fn keyspace(&self) -> Result<&dyn Keyspace> {
        let what = "naming keys";
        let store = self.store(what)?;
        store
            .queues()
            .keyspace()
            .ok_or_else(|| store.not_offered(what, "a keyspace"))
    }
}
