//! Putting many jobs into queues at once.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::classes::{check_class, queue_named};
use super::encode::Encoder;
use super::enqueue::{Ready, no_answer, outcome};
use super::{Client, Enqueued, NewJob};
use crate::{Enqueue, Job, Result};

impl Client {
    /// Puts many jobs of a class into its queue, in order and in one call to the store.
    ///
    /// All are checked and encoded before anything is sent. Where the backend says
    /// [`atomic_batch`](crate::BackendInfo::atomic_batch), either all are put in or none.
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Client::enqueue).
    pub fn enqueue_all<'a, 'j, J>(
        &'a self,
        jobs: impl IntoIterator<Item = &'j J>,
    ) -> BoxFuture<'a, Result<Vec<Enqueued>>>
    where
        J: Job + 'j,
    {
        self.submit_batch(self.ready_all(jobs.into_iter(), None))
            .boxed()
    }

    /// Puts many jobs of a class into this queue; else as [`enqueue_all`](Client::enqueue_all).
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Client::enqueue).
    pub fn enqueue_all_to<'a, 'j, J>(
        &'a self,
        queue: &str,
        jobs: impl IntoIterator<Item = &'j J>,
    ) -> BoxFuture<'a, Result<Vec<Enqueued>>>
    where
        J: Job + 'j,
    {
        self.submit_batch(self.ready_all(jobs.into_iter(), Some(queue)))
            .boxed()
    }

    /// Puts many jobs of any classes into their queues, in order and in one call to the store.
    ///
    /// # Errors
    ///
    /// As for [`submit`](Client::submit); nothing is sent unless all jobs are in order.
    pub fn submit_all(
        &self,
        jobs: impl IntoIterator<Item = NewJob>,
    ) -> BoxFuture<'_, Result<Vec<Enqueued>>> {
        let ready: Result<Vec<Ready>> = jobs.into_iter().map(|job| job.ready(self)).collect();
        self.submit_batch(ready).boxed()
    }

    pub(super) fn ready_all<'j, J: Job>(
        &self,
        jobs: impl Iterator<Item = &'j J>,
        queue: Option<&str>,
    ) -> Result<Vec<Ready>> {
        let class = self.class_of::<J>();
        let queue = match queue {
            None => class.queue_of::<J>()?,
            Some(queue) => queue_named(queue, J::CLASS)?,
        };
        check_class(J::CLASS)?;
        let mut encoder = Encoder::with_capacity(jobs.size_hint().0);
        for job in jobs {
            encoder.add(J::CLASS, job)?;
        }
        let ready = encoder.finish().into_iter().map(|encoded| Ready {
            class_name: J::CLASS.into(),
            class: class.clone(),
            queue: queue.clone(),
            encoded: self.stamped(encoded, None, None),
            due: None,
        });
        Ok(ready.collect())
    }

    pub(super) async fn submit_batch(&self, jobs: Result<Vec<Ready>>) -> Result<Vec<Enqueued>> {
        let jobs = jobs?;
        if jobs.iter().any(|job| job.class.has_enqueue_hooks()) {
            return self.submit_with_hooks(jobs).await;
        }
        self.put_all(jobs).await
    }

    /// Asks the hooks of each job, puts in those that nobody refused, and tells the hooks.
    async fn submit_with_hooks(&self, jobs: Vec<Ready>) -> Result<Vec<Enqueued>> {
        let (taken, told) = self.ask_hooks(jobs).await?;
        let put = self.put_all(taken).await?;
        told.tell(put).await
    }

    async fn put_all(&self, jobs: Vec<Ready>) -> Result<Vec<Enqueued>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        if self.backend().is_none() {
            let mut outcomes = Vec::with_capacity(jobs.len());
            for job in jobs {
                outcomes.push(self.perform_inline(job.encoded.payload).await?);
            }
            return Ok(outcomes);
        }
        let mut items: Vec<Enqueue> = Vec::with_capacity(jobs.len());
        for job in jobs {
            items.push(self.item(job).await?);
        }
        let pushed = self.store("enqueueing")?.queues().push(&items).await?;
        if pushed.len() != items.len() {
            return Err(no_answer());
        }
        let outcomes = pushed
            .iter()
            .zip(&items)
            .map(|(pushed, item)| outcome(pushed, item.due));
        Ok(outcomes.collect())
    }
}
