//! The jobs that wait for their time, as the trait sees them.
//!
//! Plain jobs that are due at a whole second wait in resque-scheduler's lists, where Ruby's pages
//! show them and its scheduler promotes them as well as we do. All others wait in a set of our own,
//! `rs:delayed`, which no other scheduler touches.

mod edit;
mod list;
mod moves;
mod name;
mod promote;
mod trouble;

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{Cursor, DelayedEdit, DelayedJobs, DelayedPage, Promotion, Result};

use crate::driver::{Batch, Value};
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

/// resque-scheduler's sorted set of seconds.
const SCHEDULE: &str = "delayed_queue_schedule";

#[async_trait]
impl DelayedJobs for Store {
    async fn promote(&self, holder: &str, now: SystemTime, at_most: usize) -> Result<Promotion> {
        self.promote_due(holder, now, at_most).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        self.give_up_lock(holder).await
    }

    async fn count(&self) -> Result<u64> {
        const WHAT: &str = "count the delayed jobs";
        let own = self.keys.key("rs:delayed");
        let mut batch = Batch::new();
        batch.command("ZCARD").arg(&own);
        let mut count = number_of(&self.on_key(WHAT, &own, &batch).await?);
        let schedule = self.keys.key(SCHEDULE);
        for start in (0..).step_by(CHUNK) {
            let mut batch = Batch::new();
            batch
                .command("ZRANGE")
                .arg(&schedule)
                .arg(start)
                .arg(start + CHUNK - 1);
            let seconds = list_of(self.on_key(WHAT, &schedule, &batch).await?);
            let full = seconds.len() == CHUNK;
            count += self.count_items(seconds).await?;
            if !full {
                break;
            }
        }
        Ok(count)
    }

    async fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        self.list_delayed(cursor, at_most).await
    }

    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        self.edit_delayed(batch).await
    }
}

impl Store {
    async fn count_items(&self, seconds: Vec<Value>) -> Result<u64> {
        if seconds.is_empty() {
            return Ok(0);
        }
        let mut batch = Batch::new();
        for second in seconds {
            let mut key = self.keys.key("delayed:").into_bytes();
            key.extend_from_slice(&bytes_of(second));
            batch.command("LLEN").arg(key);
        }
        let lengths = self.run("count the delayed jobs", &batch).await?;
        // A list that is none is told by the promotion.
        Ok(lengths.iter().map(number_of).sum())
    }

    /// The key of resque-scheduler's master, in which the namespace really stands twice.
    pub(crate) fn master_lock(&self) -> String {
        let inner = format!("{}:resque_scheduler_master_lock", self.keys.namespace());
        self.keys.key(&inner)
    }
}
