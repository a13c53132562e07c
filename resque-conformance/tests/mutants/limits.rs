//! Mutants that let too many in, or too few, and those that cancel the wrong job.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Backend, Claim, Claimed, Enqueue, Exchange, Lease, Lock, Need, Pushed, Receipt, Renewal,
    Result, Settlement, WorkerId,
};

use super::twist::{Ask, Twist, ability, locked};

/// The jobs of a batch with other locks.
fn with_locks(batch: &[Enqueue], change: impl Fn(&Lock) -> Option<Lock>) -> Vec<Enqueue> {
    let mut batch = batch.to_vec();
    for job in &mut batch {
        job.lock = job.lock.take().and_then(|lock| change(&lock)).map(Box::new);
    }
    batch
}

/// The leases that settlements free.
fn freed(done: &[Settlement]) -> Vec<Lease> {
    let changes = done.iter().filter_map(|done| done.leases.as_deref());
    changes.flat_map(|changes| changes.free.clone()).collect()
}

macro_rules! pushes_once {
    ($(#[doc = $doc:literal] $name:ident: |$inner:ident, $lock:ident, $batch:ident| $body:expr;)+) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) struct $name;

        #[async_trait]
        impl Twist for $name {
            async fn push_once(
                &self,
                $inner: &Backend,
                $lock: &Lock,
                $batch: &[Enqueue],
            ) -> Result<Option<Vec<Pushed>>> {
                $body
            }
        }
    )+};
}

/// A batch of nothing that waits, which takes a lock.
fn taking(lock: &Lock) -> Claim {
    Claim {
        job: lock.lease.holder.clone(),
        needs: vec![Need::Place {
            lease: lock.lease.until(lock.until),
            of: u32::MAX,
            apart: Duration::ZERO,
        }],
        frees: None,
    }
}

pushes_once! {
    /// What is pushed once is pushed each time.
    PushesEachTime: |inner, _lock, batch| inner.queues().push(batch).await.map(Some);
    /// The lock is looked at and taken in steps of their own.
    PushesOnceInSteps: |inner, lock, batch| {
        let limits = ability!(inner, limits);
        if !limits.leases(&lock.lease.name, lock.now).await?.is_empty() {
            return Ok(None);
        }
        // All who race come as far as this.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let pushed = inner.queues().push(batch).await?;
        if pushed.iter().any(|pushed| *pushed != Pushed::Duplicate) {
            limits.claim(&[taking(lock)], lock.now).await?;
        }
        Ok(Some(pushed))
    };
    /// The lock is held though nothing was put in.
    HoldsForNothing: |inner, lock, batch| {
        let pushed = ability!(inner, limits).push_once(lock, batch).await?;
        ability!(inner, limits).claim(&[taking(lock)], lock.now).await?;
        Ok(pushed)
    };
    /// Jobs are put in one by one, each under the lock of all.
    PushesTheFirst: |inner, lock, batch| {
        let first = &batch[..batch.len().min(1)];
        let mut pushed = ability!(inner, limits).push_once(lock, first).await?;
        if let Some(pushed) = &mut pushed {
            pushed.resize(batch.len(), Pushed::Duplicate);
        }
        Ok(pushed)
    };
}

/// Jobs are pushed whatever is locked.
#[derive(Debug)]
pub(crate) struct IgnoresLocks;

#[async_trait]
impl Twist for IgnoresLocks {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        inner.queues().push(&with_locks(batch, |_| None)).await
    }
}

/// Locks have no end.
#[derive(Debug)]
pub(crate) struct LocksForEver;

#[async_trait]
impl Twist for LocksForEver {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let for_ever = |lock: &Lock| {
            let until = lock.until + Duration::from_secs(1_000_000);
            let lock = lock.clone();
            Some(Lock { until, ..lock })
        };
        inner.queues().push(&with_locks(batch, for_ever)).await
    }
}

/// Whether a name is locked is looked at in one step, and it is locked in another one.
#[derive(Debug)]
pub(crate) struct LocksInTwoSteps;

#[async_trait]
impl Twist for LocksInTwoSteps {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        // Whose lock is taken is told here; the rest goes in together, as a batch has to.
        let (mut answers, mut free) = (Vec::new(), Vec::new());
        for job in batch {
            if let Some(lock) = &job.lock {
                let leases = ability!(inner, limits)
                    .leases(&lock.lease.name, lock.now)
                    .await?;
                tokio::task::yield_now().await;
                if !leases.is_empty() {
                    answers.push(Some(Pushed::Duplicate));
                    continue;
                }
                let claim = Claim {
                    job: lock.lease.holder.clone(),
                    needs: vec![Need::Place {
                        lease: lock.lease.until(lock.until),
                        of: u32::MAX,
                        apart: Duration::ZERO,
                    }],
                    frees: None,
                };
                ability!(inner, limits).claim(&[claim], lock.now).await?;
            }
            answers.push(None);
            free.push(job.clone());
        }
        let pushed = inner.queues().push(&with_locks(&free, |_| None)).await?;
        let mut pushed = pushed.into_iter();
        let answers = answers.into_iter();
        Ok(answers
            .filter_map(|answer| answer.or_else(|| pushed.next()))
            .collect())
    }
}

/// Settlements leave leases as they are.
#[derive(Debug)]
pub(crate) struct SettlesWithoutLeases;

#[async_trait]
impl Twist for SettlesWithoutLeases {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        done.iter_mut()
            .for_each(|settlement| settlement.leases = None);
        ask.done(&done).pass(inner).await
    }
}

/// Settlements free leases even when they are lost.
#[derive(Debug)]
pub(crate) struct FreesWhatIsLost;

#[async_trait]
impl Twist for FreesWhatIsLost {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        ability!(inner, limits).free(&freed(ask.done)).await?;
        ask.pass(inner).await
    }
}

/// Whoever frees a name frees it for everybody.
#[derive(Debug)]
pub(crate) struct FreesForeignLeases;

#[async_trait]
impl Twist for FreesForeignLeases {
    async fn free(&self, inner: &Backend, leases: &[Lease]) -> Result<u64> {
        let mut freed = 0;
        for lease in leases {
            let held = ability!(inner, limits)
                .leases(&lease.name, UNIX_EPOCH)
                .await?;
            let held: Vec<Lease> = held.into_iter().map(|renewal| renewal.lease).collect();
            freed += ability!(inner, limits).free(&held).await?;
        }
        Ok(freed)
    }

    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let exchange = ask.pass(inner).await?;
        self.free(inner, &freed(ask.done)).await?;
        Ok(exchange)
    }
}

/// Nobody has to wait.
#[derive(Debug)]
pub(crate) struct GrantsEverything;

#[async_trait]
impl Twist for GrantsEverything {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        let claimed = ability!(inner, limits).claim(claims, now).await?;
        Ok(vec![Claimed::Granted; claimed.len()])
    }
}

/// The last claim of a batch is the first.
#[derive(Debug)]
pub(crate) struct ClaimsInReverse;

#[async_trait]
impl Twist for ClaimsInReverse {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        let claims: Vec<Claim> = claims.iter().rev().cloned().collect();
        let mut claimed = ability!(inner, limits).claim(&claims, now).await?;
        claimed.reverse();
        Ok(claimed)
    }
}

/// Each need is claimed by itself.
#[derive(Debug)]
pub(crate) struct ClaimsByHalves;

#[async_trait]
impl Twist for ClaimsByHalves {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        let mut answers = Vec::new();
        for claim in claims {
            let one = |need: &Need| Claim {
                needs: vec![need.clone()],
                ..claim.clone()
            };
            let parts: Vec<Claim> = claim.needs.iter().map(one).collect();
            let parts = if parts.is_empty() {
                vec![claim.clone()]
            } else {
                parts
            };
            let claimed = ability!(inner, limits).claim(&parts, now).await?;
            let refused = claimed.into_iter().find(|one| *one != Claimed::Granted);
            answers.push(refused.unwrap_or(Claimed::Granted));
        }
        Ok(answers)
    }
}

/// Claims free locks even when they are refused.
#[derive(Debug)]
pub(crate) struct FreesWhatIsRefused;

#[async_trait]
impl Twist for FreesWhatIsRefused {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        let freed: Vec<Lease> = claims
            .iter()
            .filter_map(|claim| claim.frees.clone())
            .collect();
        ability!(inner, limits).free(&freed).await?;
        ability!(inner, limits).claim(claims, now).await
    }
}

/// Claims under names that nothing else has.
#[derive(Debug, Default)]
pub(crate) struct Renames {
    /// Whether it is the job or the holder of places that has a new name each time.
    pub(crate) holders: bool,
    number: AtomicU64,
}

impl Renames {
    pub(crate) fn holders() -> Self {
        Self {
            holders: true,
            ..Self::default()
        }
    }
}

#[async_trait]
impl Twist for Renames {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        let mut claims = claims.to_vec();
        for claim in &mut claims {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            if !self.holders {
                claim.job = format!("{number}").into();
                continue;
            }
            for need in &mut claim.needs {
                if let Need::Place { lease, .. } = need {
                    lease.lease.holder = format!("{number}").into();
                }
            }
        }
        ability!(inner, limits).claim(&claims, now).await
    }
}

/// What is over comes to life again.
#[derive(Debug)]
pub(crate) struct RenewsWhatIsOver;

#[async_trait]
impl Twist for RenewsWhatIsOver {
    async fn renew(
        &self,
        inner: &Backend,
        leases: &[Renewal],
        _now: SystemTime,
    ) -> Result<Vec<bool>> {
        ability!(inner, limits).renew(leases, UNIX_EPOCH).await
    }
}

/// Buckets hold one token more.
#[derive(Debug)]
pub(crate) struct GivesATokenMore;

#[async_trait]
impl Twist for GivesATokenMore {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        let mut claims = claims.to_vec();
        for need in claims.iter_mut().flat_map(|claim| &mut claim.needs) {
            if let Need::Token { rate, .. } = need {
                *rate = rate.burst(rate.at_once() + 1);
            }
        }
        ability!(inner, limits).claim(&claims, now).await
    }
}

/// A mark is on the worker, and not on its job.
#[derive(Debug, Default)]
pub(crate) struct MarksTheWorker {
    marked: Mutex<HashSet<WorkerId>>,
}

#[async_trait]
impl Twist for MarksTheWorker {
    async fn mark(&self, inner: &Backend, jobs: &[Receipt]) -> Result<Vec<bool>> {
        locked(&self.marked).extend(jobs.iter().map(|job| job.worker().clone()));
        ability!(inner, cancel).mark(jobs).await
    }

    async fn marked(&self, _inner: &Backend, jobs: &[Receipt]) -> Result<Vec<bool>> {
        let marked = locked(&self.marked);
        Ok(jobs
            .iter()
            .map(|job| marked.contains(job.worker()))
            .collect())
    }
}

/// Nobody hears of a mark.
#[derive(Debug)]
pub(crate) struct HidesMarks;

#[async_trait]
impl Twist for HidesMarks {
    async fn marked(&self, _inner: &Backend, jobs: &[Receipt]) -> Result<Vec<bool>> {
        Ok(vec![false; jobs.len()])
    }
}

/// Whatever is to be marked is said to be.
#[derive(Debug)]
pub(crate) struct MarksAnything;

#[async_trait]
impl Twist for MarksAnything {
    async fn mark(&self, inner: &Backend, jobs: &[Receipt]) -> Result<Vec<bool>> {
        let marked = ability!(inner, cancel).mark(jobs).await?;
        Ok(vec![true; marked.len()])
    }
}

/// What was claimed outlasts a clear.
#[derive(Debug, Default)]
pub(crate) struct ClearsWithoutLimits {
    claimed: Mutex<Vec<(Vec<Claim>, SystemTime)>>,
}

#[async_trait]
impl Twist for ClearsWithoutLimits {
    async fn claim(
        &self,
        inner: &Backend,
        claims: &[Claim],
        now: SystemTime,
    ) -> Result<Vec<Claimed>> {
        locked(&self.claimed).push((claims.to_vec(), now));
        ability!(inner, limits).claim(claims, now).await
    }

    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let cleared = inner.queues().clear().await?;
        let claimed = std::mem::take(&mut *locked(&self.claimed));
        for (claims, now) in claimed {
            ability!(inner, limits).claim(&claims, now).await?;
        }
        Ok(cleared)
    }
}
