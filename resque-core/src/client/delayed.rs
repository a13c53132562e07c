//! The jobs that wait for their time.

use std::time::SystemTime;

use serde::Serialize;

use super::encode::Encoded;
use super::{CHUNK, Client};
use crate::wire::payload::matches;
use crate::{
    Cursor, DelayedEdit, DelayedId, DelayedJob, DelayedJobs, DelayedPage, DelayedTo, Error, Job,
    Result,
};

/// The jobs of a store that wait for their time.
///
/// # Errors
///
/// All methods fail as [`DelayedJobs`] says; an id whose job has gone is [`Error::Conflict`].
#[derive(Clone, Copy, Debug)]
pub struct Delayed<'a> {
    store: &'a dyn DelayedJobs,
}

impl Client {
    /// The jobs that wait for their time.
    ///
    /// # Errors
    ///
    /// [`Error::NotOffered`] by a store that cannot hold jobs until they are due.
    pub fn delayed(&self) -> Result<Delayed<'_>> {
        let what = "delaying jobs";
        let store = self.store(what)?;
        let delayed = store.queues().delayed();
        let store = delayed.ok_or_else(|| store.not_offered(what, "delayed jobs"))?;
        Ok(Delayed { store })
    }
}

impl Delayed<'_> {
    /// How many there are.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn count(&self) -> Result<u64> {
        self.store.count().await
    }

    /// Shows them in order of their time.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn page(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        self.store.list(cursor, at_most).await
    }

    /// The next one.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn next(&self) -> Result<Option<DelayedJob>> {
        Ok(self.store.list(None, 1).await?.jobs.into_iter().next())
    }

    /// Those for which `wanted` holds, in order of their time. Reads all.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn find(
        &self,
        mut wanted: impl FnMut(&DelayedJob) -> bool + Send,
    ) -> Result<Vec<DelayedJob>> {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.store.list(cursor.as_ref(), CHUNK).await?;
            found.extend(page.jobs.into_iter().filter(|job| wanted(job)));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Those with the class and the arguments of this job, in any queue.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`], and [`Error::Encode`].
    pub async fn of<J: Job + Sync>(&self, job: &J) -> Result<Vec<DelayedJob>> {
        self.of_raw(J::CLASS, job).await
    }

    /// Those of a class that is known by its name only, with these arguments, in any queue.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`], and [`Error::Encode`].
    pub async fn of_raw<A>(&self, class: &str, args: &A) -> Result<Vec<DelayedJob>>
    where
        A: Serialize + Sync + ?Sized,
    {
        let args = Encoded::new(class, args)?.args();
        self.find(|job| matches(job.payload.as_bytes(), class, Some(&args)))
            .await
    }

    /// Cancels one.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn cancel(&self, id: &DelayedId) -> Result<()> {
        self.edit(id, DelayedTo::Nowhere).await
    }

    /// Cancels many, and answers how many were still there.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn cancel_all(&self, jobs: &[DelayedJob]) -> Result<u64> {
        self.edit_all(jobs, DelayedTo::Nowhere).await
    }

    /// Puts one into its queue at once.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn enqueue_now(&self, id: &DelayedId) -> Result<()> {
        self.edit(id, DelayedTo::Queue).await
    }

    /// Puts many into their queues at once, and answers how many were still there.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn enqueue_all_now(&self, jobs: &[DelayedJob]) -> Result<u64> {
        self.edit_all(jobs, DelayedTo::Queue).await
    }

    /// Lets one wait for another time.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn postpone(&self, id: &DelayedId, to: SystemTime) -> Result<()> {
        self.edit(id, DelayedTo::At(to)).await
    }

    /// Lets many wait for another time, and answers how many were still there.
    ///
    /// # Errors
    ///
    /// As for [`Delayed`].
    pub async fn postpone_all(&self, jobs: &[DelayedJob], to: SystemTime) -> Result<u64> {
        self.edit_all(jobs, DelayedTo::At(to)).await
    }

    async fn edit(&self, id: &DelayedId, to: DelayedTo) -> Result<()> {
        let edit = DelayedEdit { id: id.clone(), to };
        self.store.edit(&[edit]).await?.pop().unwrap_or(Ok(()))
    }

    async fn edit_all(&self, jobs: &[DelayedJob], to: DelayedTo) -> Result<u64> {
        let mut done = 0;
        for chunk in jobs.chunks(CHUNK) {
            let edits: Vec<DelayedEdit> = chunk
                .iter()
                .map(|job| DelayedEdit {
                    id: job.id.clone(),
                    to,
                })
                .collect();
            for answer in self.store.edit(&edits).await? {
                match answer {
                    Ok(()) => done += 1,
                    Err(Error::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(done)
    }
}
