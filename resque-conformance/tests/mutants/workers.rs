//! Mutants whose registry or counters are wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Backend, DeadWorker, HeartbeatMark, Heartbeats, Held, Leaving, Left, Payload, Receipt, Result,
    WorkerId, WorkerListing,
};

use super::twist::{Twist, locked};

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

/// The dead are listed with the time of the question.
#[derive(Debug)]
pub(crate) struct TheDeadHaveJustBeaten;

#[async_trait]
impl Twist for TheDeadHaveJustBeaten {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let mut dead = inner.workers().dead(before).await?;
        dead.iter_mut()
            .for_each(|dead| dead.last_heartbeat = before);
        Ok(dead)
    }
}

/// Every dead worker holds something.
#[derive(Debug)]
pub(crate) struct TheDeadAlwaysHold;

#[async_trait]
impl Twist for TheDeadAlwaysHold {
    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let mut dead = inner.workers().dead(before).await?;
        for dead in &mut dead {
            let nothing = || Held::new("", Payload::default(), Receipt::new(dead.id.clone(), ""));
            dead.holds.get_or_insert_with(nothing);
        }
        Ok(dead)
    }
}

/// A worker that left leaves its heartbeat behind: one, however often it leaves.
#[derive(Debug, Default)]
pub(crate) struct LeavingKeepsHeartbeats(Mutex<BTreeSet<WorkerId>>);

#[async_trait]
impl Twist for LeavingKeepsHeartbeats {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let left = inner.workers().unregister(leaving).await?;
        let gone = leaving
            .iter()
            .zip(&left)
            .filter(|(_, left)| **left == Left::Gone);
        locked(&self.0).extend(gone.map(|(leaving, _)| leaving.worker.clone()));
        Ok(left)
    }

    async fn dead(&self, inner: &Backend, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let mut dead = inner.workers().dead(before).await?;
        let left = locked(&self.0);
        let mark = HeartbeatMark::new("0");
        dead.extend(
            left.iter()
                .map(|id| DeadWorker::new(id.clone(), before, mark.clone(), None)),
        );
        Ok(dead)
    }
}

/// A heartbeat of one is a heartbeat of all.
#[derive(Debug)]
pub(crate) struct AllBeatTogether;

#[async_trait]
impl Twist for AllBeatTogether {
    async fn heartbeat(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Heartbeats> {
        let all = inner.workers().workers().await?.workers.into_iter();
        let all: Vec<_> = all.map(|status| status.id).collect();
        inner.workers().heartbeat(&all, now).await?;
        inner.workers().heartbeat(workers, now).await
    }
}

/// A new worker is told that it holds something.
#[derive(Debug)]
pub(crate) struct NewWorkersHoldSomething;

#[async_trait]
impl Twist for NewWorkersHoldSomething {
    async fn register(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Vec<Held>> {
        let mut holds = inner.workers().register(workers, now).await?;
        if let ([worker], true) = (workers, holds.is_empty()) {
            holds.push(Held::new(
                "",
                Payload::default(),
                Receipt::new(worker.clone(), ""),
            ));
        }
        Ok(holds)
    }
}

/// The list of workers shows no heartbeats.
#[derive(Debug)]
pub(crate) struct HidesHeartbeats;

#[async_trait]
impl Twist for HidesHeartbeats {
    async fn workers(&self, inner: &Backend) -> Result<WorkerListing> {
        let mut listing = inner.workers().workers().await?;
        listing
            .workers
            .iter_mut()
            .for_each(|status| status.heartbeat = None);
        Ok(listing)
    }
}

/// The list of workers shows no counters.
#[derive(Debug)]
pub(crate) struct HidesCounters;

#[async_trait]
impl Twist for HidesCounters {
    async fn workers(&self, inner: &Backend) -> Result<WorkerListing> {
        let mut listing = inner.workers().workers().await?;
        listing
            .workers
            .iter_mut()
            .for_each(|status| (status.processed, status.failed) = (0, 0));
        Ok(listing)
    }
}

/// Workers are listed backwards.
#[derive(Debug)]
pub(crate) struct ListsWorkersBackwards;

#[async_trait]
impl Twist for ListsWorkersBackwards {
    async fn workers(&self, inner: &Backend) -> Result<WorkerListing> {
        let mut listing = inner.workers().workers().await?;
        listing.workers.reverse();
        Ok(listing)
    }
}

/// A worker started when its id was first seen, whatever happened since.
#[derive(Debug, Default)]
pub(crate) struct RemembersFirstStarts(Mutex<BTreeMap<WorkerId, SystemTime>>);

#[async_trait]
impl Twist for RemembersFirstStarts {
    async fn register(
        &self,
        inner: &Backend,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Vec<Held>> {
        for id in workers {
            locked(&self.0).entry(id.clone()).or_insert(now);
        }
        inner.workers().register(workers, now).await
    }

    async fn workers(&self, inner: &Backend) -> Result<WorkerListing> {
        let mut listing = inner.workers().workers().await?;
        let first = locked(&self.0);
        for status in &mut listing.workers {
            status.started = first.get(&status.id).copied();
        }
        Ok(listing)
    }
}

/// A worker cannot leave.
#[derive(Debug)]
pub(crate) struct NobodyLeaves;

#[async_trait]
impl Twist for NobodyLeaves {
    async fn unregister(&self, _inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        Ok(leaving.iter().map(|_| Left::Gone).collect())
    }
}

/// A worker that is on no registry is taken for one that lives.
#[derive(Debug)]
pub(crate) struct TheUnknownLive;

#[async_trait]
impl Twist for TheUnknownLive {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let listing = inner.workers().workers().await?;
        let mut left = inner.workers().unregister(leaving).await?;
        for (leaving, left) in leaving.iter().zip(&mut left) {
            if listing.get(leaving.worker.as_str()).is_none() {
                *left = Left::Alive;
            }
        }
        Ok(left)
    }
}

/// With a worker leave all whose ids begin alike.
#[derive(Debug)]
pub(crate) struct LeaveByPrefix;

#[async_trait]
impl Twist for LeaveByPrefix {
    async fn unregister(&self, inner: &Backend, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let all = inner
            .workers()
            .workers()
            .await?
            .workers
            .into_iter()
            .map(|status| status.id);
        let prefix = |id: &WorkerId| {
            leaving
                .iter()
                .any(|one| id.as_str().starts_with(one.worker.as_str()))
        };
        let alike: Vec<_> = all.filter(prefix).map(Leaving::new).collect();
        let left = inner.workers().unregister(leaving).await?;
        inner.workers().unregister(&alike).await?;
        Ok(left)
    }
}

/// An addition is sent twice.
#[derive(Debug)]
pub(crate) struct AddsTwice;

#[async_trait]
impl Twist for AddsTwice {
    async fn incr_stat(&self, inner: &Backend, name: &str, by: i64) -> Result<i64> {
        inner.workers().incr_stat(name, by).await?;
        inner.workers().incr_stat(name, by).await
    }
}

/// A counter that was never set is one.
#[derive(Debug)]
pub(crate) struct CountersBeginAtOne;

#[async_trait]
impl Twist for CountersBeginAtOne {
    async fn stat(&self, inner: &Backend, name: &str) -> Result<i64> {
        let value = inner.workers().stat(name).await?;
        Ok(if value == 0 { 1 } else { value })
    }
}
