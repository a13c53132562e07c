//! The jobs that wait for their time.

use std::sync::Arc;
use std::time::Duration;

use resque::wire::sha1_hex;
use resque::{
    Cursor, DelayedEdit, DelayedJob, DelayedJobs, DelayedTo, Enqueue, Lease, Limits, Lock, Pushed,
};

use super::super::Stores;
use super::super::marks::is_mark;
use super::{PORTION, gone};
use crate::failure::Failure;

/// For how long the other store remembers which portion it has: long enough to start a killed move
/// again.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

/// Moves delayed jobs, portion by portion.
pub(in super::super) struct Delayed<'a> {
    stores: &'a Stores,
    source: &'a dyn DelayedJobs,
    /// What remembers portions there; without it those of a killed move are doubled.
    memory: Option<&'a dyn Limits>,
    /// The name under which it does.
    name: Arc<str>,
    /// The portion that is there and may still be here.
    written: Option<Arc<str>>,
    cursor: Option<Cursor>,
}

impl<'a> Delayed<'a> {
    /// Takes up what an earlier start of the same move has left; `None` if no jobs wait in such a
    /// store.
    pub(in super::super) async fn begin(
        stores: &'a Stores,
        id: i64,
    ) -> Result<Option<Self>, Failure> {
        let Some(source) = stores.source.queues().delayed() else {
            return Ok(None);
        };
        let memory = stores.target.queues().limits();
        let name: Arc<str> = format!("move:{id}").into();
        let mut written = None;
        if let Some(memory) = memory {
            let left = memory.leases(&name, stores.to.store_time().await?).await?;
            written = left.into_iter().next().map(|left| left.lease.holder);
        }
        Ok(Some(Self {
            stores,
            source,
            memory,
            name,
            written,
            cursor: None,
        }))
    }

    pub(in super::super) async fn count(&self) -> Result<u64, Failure> {
        Ok(self.source.count().await?)
    }

    /// The next jobs, the first ones that can be moved.
    pub(in super::super) async fn portion(&mut self) -> Result<Option<Vec<DelayedJob>>, Failure> {
        loop {
            let page = self.source.list(self.cursor.as_ref(), PORTION).await?;
            let jobs: Vec<DelayedJob> = page.jobs.into_iter().filter(is_movable).collect();
            if !jobs.is_empty() {
                return Ok(Some(jobs));
            }
            match page.next {
                Some(next) => self.cursor = Some(next),
                None => return Ok(None),
            }
        }
    }

    /// Writes a portion, unless it is there already.
    pub(in super::super) async fn write(&mut self, jobs: &[DelayedJob]) -> Result<(), Failure> {
        let portion = self.digest(jobs).await?;
        if self.written.as_ref() == Some(&portion) {
            return Ok(());
        }
        self.forget().await?;
        let mut items: Vec<Enqueue> = jobs.iter().filter_map(item).collect();
        if self.memory.is_some()
            && let Some(first) = items.first_mut()
        {
            let now = self.stores.to.store_time().await?;
            first.lock = Some(Box::new(Lock {
                lease: Lease::new(self.name.clone(), portion.clone()),
                now,
                until: now.checked_add(REMEMBERED).unwrap_or(now),
            }));
        }
        let pushed = self.stores.target.queues().push(&items).await?;
        if pushed.contains(&Pushed::Duplicate) {
            let reason = "another move writes into the second store; this one leaves it the field";
            return Err(Failure::Undone(reason.to_owned()));
        }
        self.written = self.memory.is_some().then_some(portion);
        Ok(())
    }

    /// Removes a portion here, and answers how many jobs are gone.
    pub(in super::super) async fn remove(&mut self, jobs: &[DelayedJob]) -> Result<u64, Failure> {
        let removal = |job: &DelayedJob| DelayedEdit {
            id: job.id.clone(),
            to: DelayedTo::Nowhere,
        };
        let edits: Vec<DelayedEdit> = jobs.iter().map(removal).collect();
        let gone = gone(self.source.edit(&edits).await?)?;
        self.forget().await?;
        Ok(gone)
    }

    /// Leaves no note behind.
    pub(in super::super) async fn end(mut self) -> Result<(), Failure> {
        self.forget().await
    }

    /// Lets the other store forget the portion before.
    async fn forget(&mut self) -> Result<(), Failure> {
        if let (Some(memory), Some(portion)) = (self.memory, self.written.take()) {
            memory
                .free(&[Lease::new(self.name.clone(), portion)])
                .await?;
        }
        Ok(())
    }

    /// What tells this portion from what is left once it is removed, even if all jobs are equal.
    async fn digest(&self, jobs: &[DelayedJob]) -> Result<Arc<str>, Failure> {
        let count = self.count().await?.to_string();
        let ids = jobs
            .iter()
            .flat_map(|job| [&b"\n"[..], job.id.as_str().as_bytes()]);
        let parts: Vec<&[u8]> = std::iter::once(count.as_bytes()).chain(ids).collect();
        Ok(sha1_hex(&parts).into())
    }
}

/// What names a queue can wait elsewhere too; the marks of another move belong where they are.
fn is_movable(job: &DelayedJob) -> bool {
    job.queue.is_some() && !is_mark(job)
}

fn item(job: &DelayedJob) -> Option<Enqueue> {
    let queue = job.queue.clone()?;
    Some(Enqueue::at(queue, job.payload.clone(), job.due))
}
