//! Waiting for jobs.

use async_trait::async_trait;
use resque_core::{QueueList, Result, Ticket, WaitForJobs};

use crate::store::Store;

#[async_trait]
impl WaitForJobs for Store {
    async fn ticket(&self, _: &QueueList) -> Result<Ticket> {
        Ok(self.wake.ticket())
    }

    async fn wait(&self, ticket: Ticket, from: &QueueList) -> Result<()> {
        let at_most = self.owed(from);
        self.wake.wait(ticket, from, at_most).await
    }
}
