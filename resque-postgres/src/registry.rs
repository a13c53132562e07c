//! The registry of workers, and the counters.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    DeadWorker, Heartbeats, Held, Leaving, Left, Result, WorkerId, WorkerListing, WorkerRegistry,
};

use crate::store::Store;

#[async_trait]
impl WorkerRegistry for Store {
    async fn register(&self, workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> {
        self.put_on(workers, now).await
    }

    async fn heartbeat(&self, workers: &[WorkerId], now: SystemTime) -> Result<Heartbeats> {
        self.beat(workers, now).await
    }

    async fn unregister(&self, leaving: &[Leaving]) -> Result<Vec<Left>> {
        self.take_off(leaving).await
    }

    async fn workers(&self) -> Result<WorkerListing> {
        self.worker_listing().await
    }

    async fn dead(&self, before: SystemTime) -> Result<Vec<DeadWorker>> {
        self.dead_workers(before).await
    }

    async fn server_time(&self) -> Result<SystemTime> {
        self.ask_time().await
    }

    async fn stat(&self, name: &str) -> Result<i64> {
        self.counter(name).await
    }

    async fn set_stat(&self, name: &str, value: i64) -> Result<()> {
        self.set_counter(name, value).await
    }

    async fn incr_stat(&self, name: &str, by: i64) -> Result<i64> {
        self.add_to_counter(name, by).await
    }

    async fn clear_stat(&self, name: &str) -> Result<()> {
        self.remove_counter(name).await
    }
}
