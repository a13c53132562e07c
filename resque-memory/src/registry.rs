//! The registry of workers, and the counters.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    DeadWorker, Error, Heartbeats, Held, Leaving, Left, Result, WorkerId, WorkerListing,
    WorkerRegistry,
};

use crate::MemoryBackend;

#[async_trait]
impl WorkerRegistry for MemoryBackend {
    async fn register(&self, workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> {
        Ok(self
            .store
            .step(|state| state.workers.register(workers, now)))
    }

    async fn heartbeat(&self, workers: &[WorkerId], now: SystemTime) -> Result<Heartbeats> {
        let gone = self.store.step(|state| state.workers.beat(workers, now));
        Ok(Heartbeats {
            server_time: self.store.clock.now(),
            gone,
        })
    }

    async fn unregister(&self, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let leave = |leaving| self.store.step(|state| state.workers.unregister(leaving));
        Ok(leaving.iter().map(leave).collect())
    }

    async fn workers(&self) -> Result<WorkerListing> {
        let statuses = self.store.step(|state| state.workers.statuses());
        Ok(WorkerListing::new(statuses, Vec::new()))
    }

    async fn dead(&self, before: SystemTime) -> Result<Vec<DeadWorker>> {
        Ok(self.store.step(|state| state.workers.dead(before)))
    }

    async fn server_time(&self) -> Result<SystemTime> {
        Ok(self.store.clock.now())
    }

    async fn stat(&self, name: &str) -> Result<i64> {
        let value = self.store.step(|state| state.counter(name));
        Ok(value.unwrap_or(0))
    }

    async fn set_stat(&self, name: &str, value: i64) -> Result<()> {
        self.store
            .step(|state| state.set_counter(name, Some(value)));
        Ok(())
    }

    async fn incr_stat(&self, name: &str, by: i64) -> Result<i64> {
        self.store.step(|state| {
            let sum = state.counter(name).unwrap_or(0).checked_add(by);
            let value = sum.ok_or_else(|| Error::Rejected {
                what: format!("add {by} to the counter {name:?}"),
                reason: "the sum does not fit into 64 bits".to_owned(),
                transient: false,
            })?;
            state.set_counter(name, Some(value));
            Ok(value)
        })
    }

    async fn clear_stat(&self, name: &str) -> Result<()> {
        self.store.step(|state| state.set_counter(name, None));
        Ok(())
    }
}
