//! Stopping queues and pausing all workers.

use async_trait::async_trait;
use resque_core::{QueueControl, QueueName, Result};

use crate::store::Store;

#[async_trait]
impl QueueControl for Store {
    async fn set_stopped(&self, queue: &QueueName, stopped: bool) -> Result<()> {
        self.step(|state| state.queues.set_stopped(queue, stopped));
        Ok(())
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.step(|state| state.queues.set_paused(paused));
        Ok(())
    }

    async fn paused(&self) -> Result<bool> {
        Ok(self.step(|state| state.queues.paused))
    }
}
