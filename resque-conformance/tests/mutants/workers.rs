//! Mutants whose registry or counters are wrong.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Backend, DeadWorker, Heartbeats, Held, Leaving, Left, Result, WorkerId, WorkerListing,
};

use super::twist::Twist;

/// A worker whose heartbeat is at the limit is dead.
#[derive(Debug)]
pub(crate) struct TheLimitIsTooOld;

#[async_trait]
impl Twist for TheLimitIsTooOld {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        inner.workers().dead(before + Duration::from_secs(1)).await
    }
}

/// Everybody is dead.
#[derive(Debug)]
pub(crate) struct ListsTheLiving;

#[async_trait]
impl Twist for ListsTheLiving {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        inner
            .workers()
            .dead(before + Duration::from_secs(100_000))
            .await
    }
}

/// Only registered workers can be dead.
#[derive(Debug)]
pub(crate) struct ListsTheRegisteredDead;

#[async_trait]
impl Twist for ListsTheRegisteredDead {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let listing = inner.workers().workers().await?;
        let mut dead = inner.workers().dead(before).await?;
        dead.retain(|dead| listing.get(dead.id.as_str()).is_some());
        Ok(dead)
    }
}

/// The dead are listed without what they hold.
#[derive(Debug)]
pub(crate) struct TheDeadHoldNothing;

#[async_trait]
impl Twist for TheDeadHoldNothing {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let mut dead = inner.workers().dead(before).await?;
        dead.iter_mut().for_each(|dead| dead.holds = None);
        Ok(dead)
    }
}

/// Ten of the dead are listed at a time.
#[derive(Debug)]
pub(crate) struct ListsFewOfTheDead;

#[async_trait]
impl Twist for ListsFewOfTheDead {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let mut dead = inner.workers().dead(before).await?;
        dead.truncate(10);
        Ok(dead)
    }
}

/// Listing the dead takes idle ones off the registry.
#[derive(Debug)]
pub(crate) struct ListingRemovesTheDead;

#[async_trait]
impl Twist for ListingRemovesTheDead {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let dead = inner.workers().dead(before).await?;
        let leaving: Vec<_> = dead.iter().map(DeadWorker::leaving).collect();
        inner.workers().unregister(&leaving).await?;
        Ok(dead)
    }
}

/// A heartbeat registers whom it does not find.
#[derive(Debug)]
pub(crate) struct HeartbeatsResurrect;

#[async_trait]
impl Twist for HeartbeatsResurrect {
    async fn heartbeat(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Heartbeats> {
        inner.workers().register(workers, now).await?;
        inner.workers().heartbeat(workers, now).await
    }
}

/// A heartbeat does not tell who is gone.
#[derive(Debug)]
pub(crate) struct HeartbeatsTellNothing;

#[async_trait]
impl Twist for HeartbeatsTellNothing {
    async fn heartbeat(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Heartbeats> {
        let mut beats = inner.workers().heartbeat(workers, now).await?;
        beats.gone.clear();
        Ok(beats)
    }
}

/// A worker that registers again begins anew.
#[derive(Debug)]
pub(crate) struct RegisteringBeginsAnew;

#[async_trait]
impl Twist for RegisteringBeginsAnew {
    async fn register(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Vec<Held>> {
        let leaving: Vec<_> = workers.iter().cloned().map(Leaving::new).collect();
        inner.workers().unregister(&leaving).await?;
        inner.workers().register(workers, now).await
    }
}

/// A worker that registers again is not told what it holds.
#[derive(Debug)]
pub(crate) struct RegisteringTellsNothing;

#[async_trait]
impl Twist for RegisteringTellsNothing {
    async fn register(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Vec<Held>> {
        inner.workers().register(workers, now).await?;
        Ok(Vec::new())
    }
}

/// A worker that registers again does not beat.
#[derive(Debug)]
pub(crate) struct RegisteringDoesNotBeat;

#[async_trait]
impl Twist for RegisteringDoesNotBeat {
    async fn register(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Vec<Held>> {
        let listing = inner.workers().workers().await?;
        let known = |id: &&WorkerId| listing.get(id.as_str()).is_some();
        let (old, new): (Vec<_>, Vec<_>) = workers.iter().partition(known);
        let new: Vec<_> = new.into_iter().cloned().collect();
        let mut holds = inner.workers().register(&new, now).await?;
        let held = |id: &&WorkerId| listing.get(id.as_str()).and_then(|w| w.holds.clone());
        holds.extend(old.iter().filter_map(held));
        Ok(holds)
    }
}

/// The list of workers does not show what they hold.
#[derive(Debug)]
pub(crate) struct ShowsNoWork;

#[async_trait]
impl Twist for ShowsNoWork {
    async fn workers(&self, inner: &Backend) -> Result<WorkerListing> {
        let mut listing = inner.workers().workers().await?;
        listing
            .workers
            .iter_mut()
            .for_each(|status| status.holds = None);
        Ok(listing)
    }
}

/// A worker that leaves leaves its counters behind.
#[derive(Debug)]
pub(crate) struct LeavingKeepsCounters;

#[async_trait]
impl Twist for LeavingKeepsCounters {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let listing = inner.workers().workers().await?;
        let left = inner.workers().unregister(leaving).await?;
        for (one, left) in leaving.iter().zip(&left) {
            let status = listing
                .get(one.worker.as_str())
                .filter(|_| *left == Left::Gone);
            for (name, value) in status
                .iter()
                .flat_map(|status| [("processed", status.processed), ("failed", status.failed)])
            {
                let value = i64::try_from(value).unwrap_or(0);
                let name = format!("{name}:{}", one.worker);
                inner.workers().incr_stat(&name, value).await?;
            }
        }
        Ok(left)
    }
}

/// One worker that cannot leave keeps the others from leaving.
#[derive(Debug)]
pub(crate) struct OneStaysAllStay;

#[async_trait]
impl Twist for OneStaysAllStay {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let mut answers = Vec::new();
        for one in leaving {
            let left = inner
                .workers()
                .unregister(std::slice::from_ref(one))
                .await?;
            let stop = left.iter().any(|left| *left != Left::Gone);
            answers.extend(left);
            if stop {
                break;
            }
        }
        Ok(answers)
    }
}

/// The store's time stands at the beginning of all times once it was asked twice.
#[derive(Debug, Default)]
pub(crate) struct TimeGoesBack(std::sync::atomic::AtomicBool);

#[async_trait]
impl Twist for TimeGoesBack {
    async fn server_time(&self, inner: &Backend) -> Result<SystemTime> {
        let now = inner.workers().server_time().await?;
        let asked = self.0.swap(true, std::sync::atomic::Ordering::SeqCst);
        Ok(if asked { UNIX_EPOCH } else { now })
    }
}

/// A counter that is set is not set.
#[derive(Debug)]
pub(crate) struct LosesCounters;

#[async_trait]
impl Twist for LosesCounters {
    async fn set_stat(&self, _inner: &Backend, _name: &str, _value: i64) -> Result<()> {
        Ok(())
    }
}

/// Counters do not go below zero.
#[derive(Debug)]
pub(crate) struct CountsOnlyUpwards;

#[async_trait]
impl Twist for CountsOnlyUpwards {
    async fn incr_stat(&self, inner: &Backend, name: &str, by: i64) -> Result<i64> {
        let value = inner.workers().incr_stat(name, by).await?;
        if value < 0 {
            inner.workers().set_stat(name, 0).await?;
        }
        Ok(value.max(0))
    }
}

/// An addition answers what was added.
#[derive(Debug)]
pub(crate) struct AnswersTheAddition;

#[async_trait]
impl Twist for AnswersTheAddition {
    async fn incr_stat(&self, inner: &Backend, name: &str, by: i64) -> Result<i64> {
        inner.workers().incr_stat(name, by).await?;
        Ok(by)
    }
}

/// Adding is reading and then writing.
#[derive(Debug)]
pub(crate) struct AddsInTwoSteps;

#[async_trait]
impl Twist for AddsInTwoSteps {
    async fn incr_stat(&self, inner: &Backend, name: &str, by: i64) -> Result<i64> {
        let value = inner.workers().stat(name).await? + by;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        inner.workers().set_stat(name, value).await?;
        Ok(value)
    }
}

/// A counter cannot be removed.
#[derive(Debug)]
pub(crate) struct KeepsCounters;

#[async_trait]
impl Twist for KeepsCounters {
    async fn clear_stat(&self, _inner: &Backend, _name: &str) -> Result<()> {
        Ok(())
    }
}
