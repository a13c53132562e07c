//! Asking for the end of jobs that run.

use super::Client;
use super::encode::Encoded;
use crate::wire::payload::matches;
use crate::{Held, Job, Result};

impl Client {
    /// Asks for the end of the job that a worker performs, and answers whether there was one.
    ///
    /// The worker hears of it with its next heartbeat at the latest, cancels the job
    /// ([`crate::JobContext::cancellation`]) and drops it, or kills its process, if it does not end
    /// in time. The job is recorded as failed with `Resque::Cancelled` and not tried again, unless it
    /// was done nevertheless. The next job of the same worker is never meant. Workers of other
    /// programs do not hear of it.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] by a store that cannot carry it, else as for
    /// [`workers`](Client::workers).
    pub async fn cancel(&self, worker: &str) -> Result<bool> {
        match self.worker(worker).await?.and_then(|status| status.holds) {
            Some(held) => Ok(self.cancel_held(&[held]).await? > 0),
            None => Ok(false),
        }
    }

    /// Asks for the end of all running jobs with the class and the arguments of this one, and
    /// answers how many there were; else as [`cancel`](Client::cancel).
    ///
    /// # Errors
    ///
    /// As for [`cancel`](Client::cancel), and [`crate::Error::Encode`].
    pub async fn cancel_running<J: Job + Sync>(&self, job: &J) -> Result<u64> {
        let args = Encoded::new(J::CLASS, job)?.args();
        let working = self.working().await?;
        let held = working.into_iter().filter_map(|worker| worker.holds);
        let meant = |held: &Held| matches(held.payload.as_bytes(), J::CLASS, Some(&args));
        let held: Vec<Held> = held.filter(meant).collect();
        self.cancel_held(&held).await
    }

    /// Asks for the end of jobs that workers hold, as [`workers`](Client::workers) shows them, and
    /// answers how many of them are still held; else as [`cancel`](Client::cancel).
    ///
    /// # Errors
    ///
    /// As for [`cancel`](Client::cancel).
    pub async fn cancel_held(&self, held: &[Held]) -> Result<u64> {
        let what = "cancelling a running job";
        let store = self.store(what)?;
        let cancel = store.queues().cancel();
        let cancel = cancel.ok_or_else(|| store.not_offered(what, "cancel"))?;
        let receipts = held.iter().map(|held| held.receipt.clone());
        let ours: Vec<_> = receipts
            .filter(|receipt| receipt.worker().is_ours())
            .collect();
        if ours.is_empty() {
            return Ok(0);
        }
        let marked = cancel.mark(&ours).await?;
        Ok(marked.iter().filter(|marked| **marked).count() as u64)
    }
}
