//! Stopping queues and pausing all workers.

use async_trait::async_trait;
use resque_core::{QueueControl, QueueName, Result};

use crate::store::Store;

#[async_trait]
impl QueueControl for Store {
    async fn set_stopped(&self, queue: &QueueName, stopped: bool) -> Result<()> {
        // The queue need not exist, and does not by being stopped.
        const TEXT: &str = "with put as (
                insert into resque.queues as q (name, listed, stopped) values ($1, false, $2)
                on conflict (name) do update set stopped = $2 where q.stopped <> $2
                returning 1
            )
            select case when not $2 then resque.wake(array[$1]) end from put";
        let query = self.statement(TEXT).bind(queue.as_str()).bind(stopped);
        self.rows("stop or start a queue", query).await?;
        Ok(())
    }

    async fn stopped(&self, queue: &QueueName) -> Result<bool> {
        const TEXT: &str =
            "select coalesce(bool_or(q.stopped), false) from resque.queues q where q.name = $1";
        let query = self.statement(TEXT).bind(queue.as_str());
        let row = self.row("ask whether a queue is stopped", query).await?;
        self.get(&row, 0)
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        const TEXT: &str = "with put as (
                update resque.settings set paused = $1 where paused <> $1 returning 1
            )
            select case when not $1 then resque.wake(null) end from put";
        let query = self.statement(TEXT).bind(paused);
        self.rows("pause all workers, or end the pause", query)
            .await?;
        Ok(())
    }

    async fn paused(&self) -> Result<bool> {
        const TEXT: &str = "select coalesce(bool_or(s.paused), false) from resque.settings s";
        let row = self.row("ask for the pause", self.statement(TEXT)).await?;
        self.get(&row, 0)
    }
}
