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

    async fn stopped(&self, queue: &QueueName) -> Result<bool> {
        Ok(self.step(|state| state.queues.stopped.contains(queue)))
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.step(|state| state.queues.set_paused(paused));
        Ok(())
    }

    async fn paused(&self) -> Result<bool> {
        Ok(self.step(|state| state.queues.paused))
    }
}

#[cfg(test)]
mod tests {
    use resque_core::QueueBackend;

    use crate::testing::World;

    #[tokio::test]
    async fn a_stopped_queue_takes_jobs_and_shows_it() {
        let world = World::new();
        world.stop("q", true).await;
        assert!(world.memory.queues().await.unwrap().queues.is_empty());
        world.push("q", &["a"]).await;
        let stopped = async || {
            world
                .memory
                .queues()
                .await
                .unwrap()
                .get("q")
                .unwrap()
                .stopped
        };
        assert!(stopped().await);
        assert_eq!(world.waiting("q").await, ["a"]);
        world.stop("q", false).await;
        assert!(!stopped().await);
        assert_eq!(world.reserve(&[0], "q").await.len(), 1);
    }

    #[tokio::test]
    async fn a_pause_lasts_until_it_is_ended() {
        let world = World::new();
        assert!(!world.memory.control().unwrap().paused().await.unwrap());
        for paused in [true, true, false, false] {
            world.pause(paused).await;
            assert_eq!(
                world.memory.control().unwrap().paused().await.unwrap(),
                paused
            );
        }
    }
}
