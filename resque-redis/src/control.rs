//! Stopping queues and pausing all workers.

use async_trait::async_trait;
use resque_core::{QueueControl, QueueName, Result};

use crate::driver::{Batch, Value};
use crate::store::{Store, list_of};

/// What Ruby's Resque looks at before it reserves.
const PAUSE_ALL: &str = "pause-all-workers";

#[async_trait]
impl QueueControl for Store {
    /// Sets the key of the resque-pause plugin. Workers of plain Ruby and Node do not look at it.
    async fn set_stopped(&self, queue: &QueueName, stopped: bool) -> Result<()> {
        let key = self.keys.stopped(queue.as_str());
        self.set_flag("stop or start a queue", &key, stopped).await
    }

    async fn stopped(&self, queue: &QueueName) -> Result<bool> {
        // As the list of queues asks: something else than a text stops nothing.
        let key = self.keys.stopped(queue.as_str());
        let mut batch = Batch::new();
        batch.command("MGET").arg(&key);
        let flags = self.on_key("ask whether a queue is stopped", &key, &batch);
        let flags = list_of(flags.await?);
        Ok(flags.first().and_then(Value::as_bytes) == Some(b"true"))
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        let key = self.keys.key(PAUSE_ALL);
        self.set_flag("pause all workers or end it", &key, paused)
            .await
    }

    async fn paused(&self) -> Result<bool> {
        let key = self.keys.key(PAUSE_ALL);
        let mut batch = Batch::new();
        batch.command("GET").arg(&key);
        let value = self.on_key("ask for the pause", &key, &batch).await?;
        let text = String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned();
        Ok(text.trim().eq_ignore_ascii_case("true"))
    }
}

impl Store {
    async fn set_flag(&self, what: &str, key: &str, set: bool) -> Result<()> {
        let mut batch = Batch::new();
        if set {
            batch.command("SET").arg(key).arg("true");
        } else {
            batch.command("DEL").arg(key);
        }
        self.on_key(what, key, &batch).await.map(drop)
    }
}
