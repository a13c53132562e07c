//! Mutants that keep a wrong account of workers over HTTP.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use resque_core::{
    Backend, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, QueueName, Result, WorkerId,
};

use super::twist::{Twist, ability};

/// What was counted for a worker, to be counted once more.
fn tally_of(worker: &HttpWorker, queue: &QueueName) -> HttpTally {
    HttpTally {
        queue: queue.clone(),
        worker: Some(worker.id.clone()),
        counts: worker.counts,
    }
}

macro_rules! registers {
    ($(#[doc = $doc:literal] $name:ident: |$inner:ident, $worker:ident, $queue:ident, $now:ident| $body:expr;)+) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) struct $name;

        #[async_trait]
        impl Twist for $name {
            async fn register_http(
                &self,
                $inner: &Backend,
                $worker: &HttpWorkerId,
                $queue: &QueueName,
                $now: SystemTime,
            ) -> Result<()> {
                $body
            }
        }
    )+};
}

registers! {
    /// Nobody is registered.
    RegistersNobody: |_inner, _worker, _queue, _now| Ok(());
    /// Who registers again goes on.
    KeepsOldCounts: |inner, worker, queue, now| {
        let before = ability!(inner, http_workers).worker(worker).await?;
        ability!(inner, http_workers).register(worker, queue, now).await?;
        match before {
            Some(before) => {
                let counts = [tally_of(&before, queue)];
                ability!(inner, http_workers).count(&counts, now).await
            }
            None => Ok(()),
        }
    };
    /// Names are the same in small letters.
    LowersNames: |inner, worker, queue, now| {
        let lower = HttpWorkerId::new(worker.as_str().to_lowercase())?;
        ability!(inner, http_workers).register(&lower, queue, now).await
    };
    /// Workers are registered like all others.
    RegistersInTheRegistry: |inner, worker, queue, now| {
        if let Ok(id) = WorkerId::new(worker.as_str()) {
            inner.workers().register(&[id], now).await?;
        }
        ability!(inner, http_workers).register(worker, queue, now).await
    };
}

/// Who leaves one queue leaves all.
#[derive(Debug)]
pub(crate) struct LeavesAllQueues;

#[async_trait]
impl Twist for LeavesAllQueues {
    async fn unregister_http(
        &self,
        inner: &Backend,
        worker: &HttpWorkerId,
        queue: &QueueName,
    ) -> Result<bool> {
        let known = ability!(inner, http_workers).worker(worker).await?;
        let left = ability!(inner, http_workers)
            .unregister(worker, queue)
            .await?;
        for queue in known.into_iter().flat_map(|known| known.queues) {
            ability!(inner, http_workers)
                .unregister(worker, &queue)
                .await?;
        }
        Ok(left)
    }
}

/// Who did something is registered by that.
#[derive(Debug)]
pub(crate) struct RegistersStrangers;

#[async_trait]
impl Twist for RegistersStrangers {
    async fn count_http(
        &self,
        inner: &Backend,
        tallies: &[HttpTally],
        now: SystemTime,
    ) -> Result<()> {
        let workers = ability!(inner, http_workers);
        for tally in tallies {
            if let Some(worker) = &tally.worker
                && workers.worker(worker).await?.is_none()
            {
                workers.register(worker, &tally.queue, now).await?;
            }
        }
        workers.count(tallies, now).await
    }
}

/// Of many counts the first is counted.
#[derive(Debug)]
pub(crate) struct CountsAlternately(pub(crate) std::sync::atomic::AtomicBool);

#[async_trait]
impl Twist for CountsAlternately {
    async fn count_http(
        &self,
        inner: &Backend,
        tallies: &[HttpTally],
        now: SystemTime,
    ) -> Result<()> {
        let skips = self.0.fetch_xor(true, std::sync::atomic::Ordering::Relaxed);
        match skips {
            true => Ok(()),
            false => ability!(inner, http_workers).count(tallies, now).await,
        }
    }
}

/// What was counted for a queue is not forgotten.
#[derive(Debug)]
pub(crate) struct RemembersCounts;

#[async_trait]
impl Twist for RemembersCounts {
    async fn forget_http_counts(&self, _inner: &Backend, _queue: &QueueName) -> Result<()> {
        Ok(())
    }
}

/// The workers of one queue are all workers.
#[derive(Debug)]
pub(crate) struct ListsAllWorkers;

#[async_trait]
impl Twist for ListsAllWorkers {
    async fn http_workers(
        &self,
        inner: &Backend,
        _queue: Option<&QueueName>,
    ) -> Result<Vec<HttpWorker>> {
        ability!(inner, http_workers).workers(None).await
    }
}

/// Nobody is young enough to stay.
#[derive(Debug)]
pub(crate) struct PrunesAll;

#[async_trait]
impl Twist for PrunesAll {
    async fn prune_http(&self, inner: &Backend, before: SystemTime) -> Result<u64> {
        let later = before + Duration::from_secs(1_000_000);
        ability!(inner, http_workers).prune(later).await
    }
}

/// Workers over HTTP outlast a clear.
#[derive(Debug)]
pub(crate) struct ClearsWithoutHttpWorkers;

#[async_trait]
impl Twist for ClearsWithoutHttpWorkers {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let workers = ability!(inner, http_workers).workers(None).await?;
        let cleared = inner.queues().clear().await?;
        for worker in &workers {
            for queue in &worker.queues {
                ability!(inner, http_workers)
                    .register(&worker.id, queue, worker.started)
                    .await?;
            }
        }
        Ok(cleared)
    }
}

/// One job more was always performed.
#[derive(Debug)]
pub(crate) struct FlattersQueues;

#[async_trait]
impl Twist for FlattersQueues {
    async fn http_counts(&self, inner: &Backend, queue: &QueueName) -> Result<HttpCounts> {
        let counts = ability!(inner, http_workers).counts(queue).await?;
        let processed = counts.processed + 1;
        Ok(HttpCounts {
            processed,
            ..counts
        })
    }
}
