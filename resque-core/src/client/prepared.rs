//! Jobs that somebody else puts into the store, such as a transaction of the application.

use std::future::Future;
use std::time::SystemTime;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::asked::Told;
use super::enqueue::{Ready, no_answer, outcome};
use super::{Client, Enqueued, NewJob};
use crate::{Enqueue, Pushed, Result};

/// Jobs that were checked, encoded and let through by their hooks, and are now to be put into a store
/// by other means than the client's own.
#[derive(Debug)]
#[must_use = "the jobs are in no store yet"]
pub struct Prepared {
    items: Vec<Enqueue>,
    told: Told,
}

impl Client {
    /// Checks and encodes jobs and asks their `before_enqueue` hooks, without putting them into the
    /// store. `now` is asked for the store's time if a job has to wait for its own.
    ///
    /// What a backend offers beside the traits is built of this: an enqueue within a transaction.
    ///
    /// # Errors
    ///
    /// As for [`submit_all`](Client::submit_all) before anything is sent, and as for `now`.
    pub fn prepare<'a>(
        &'a self,
        jobs: impl IntoIterator<Item = NewJob>,
        now: impl Future<Output = Result<SystemTime>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Prepared>> {
        let ready: Result<Vec<Ready>> = jobs.into_iter().map(|job| job.ready(self)).collect();
        async move { self.prepare_ready(ready?, now).await }.boxed()
    }

    async fn prepare_ready(
        &self,
        jobs: Vec<Ready>,
        now: impl Future<Output = Result<SystemTime>> + Send,
    ) -> Result<Prepared> {
        let (jobs, told) = self.ask_hooks(jobs).await?;
        let now = if jobs.iter().any(Ready::asks_for_the_time) {
            Some(now.await?)
        } else {
            None
        };
        let mut items = Vec::with_capacity(jobs.len());
        for job in jobs {
            let wanted = job.unique();
            let mut item = Enqueue::new(job.queue, job.encoded.payload);
            if let Some((due, now)) = job.due.zip(now) {
                item.due = due.from(now)?;
            }
            if let Some((wanted, now)) = wanted.zip(now) {
                item.lock = wanted.lock(now, item.due).map(Box::new);
            }
            items.push(item);
        }
        Ok(Prepared { items, told })
    }
}

impl Prepared {
    /// What is to be put into the store: all jobs but those that a hook refused.
    #[must_use]
    pub fn items(&self) -> &[Enqueue] {
        &self.items
    }

    /// Runs the `after_enqueue` hooks, now that the store has answered `pushed` for the
    /// [`items`](Prepared::items), and tells what became of all jobs.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Hook`] when a hook failed, [`crate::Error::Corrupt`] when there is not one
    /// answer for each item.
    pub async fn pushed(self, pushed: &[Pushed]) -> Result<Vec<Enqueued>> {
        if pushed.len() != self.items.len() {
            return Err(no_answer());
        }
        let outcomes = pushed.iter().zip(&self.items);
        let outcomes = outcomes.map(|(pushed, item)| outcome(pushed, item.due));
        self.told.tell(outcomes.collect()).await
    }
}
