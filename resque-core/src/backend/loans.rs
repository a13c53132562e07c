//! Lending jobs to programs that are no workers, and keeping account of such programs.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{
    Cursor, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, Lent, Loan, LoanExtension, LoanPage,
    LoanReceipt, LoanRequest, LoanSettlement, PutBack, QueueName, Result, Settled,
};

/// Lending jobs until a time to anybody who can keep a receipt: what the HTTP interface calls leases.
///
/// (A [`crate::Lease`] is something else: what somebody holds under a name.) A worker that dies is
/// found by its heartbeat; a borrower has none, so each loan has an end instead. Whoever does not
/// settle or extend it in time has lost it, and the job goes back.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait JobLoans: Debug + Send + Sync {
    /// Puts back what has run out, then lends jobs, in one round trip and one step.
    ///
    /// The backend must
    /// - first do what [`put_back`](Self::put_back) does with at most
    ///   [`LARGEST_LENDING`](crate::LARGEST_LENDING) loans;
    /// - serve the queues strictly in order, at most as many jobs as were asked for, nothing while
    ///   reserving is paused and nothing from a stopped queue;
    /// - note a job as lent in the same step in which it leaves its queue;
    /// - give each loan a receipt that no other loan ever has;
    /// - report trouble with one queue without failing the others.
    ///
    /// A loan whose reply was lost runs out like any other.
    async fn lend(&self, request: &LoanRequest<'_>, now: SystemTime) -> Result<Lent>;

    /// Ends loans, each by itself: what [`exchange`](super::QueueBackend::exchange) does with
    /// reservations.
    ///
    /// The backend must
    /// - apply each settlement only while it holds the loan that the receipt names and its time is
    ///   not over at `now`, and answer [`Settled::Lost`] otherwise, also for a text that is no
    ///   receipt;
    /// - move the job, record the failure, change leases and count in that same step, and forget how
    ///   often loans of the job ran out unless it goes back to its queue;
    /// - count what the tally says in total, and over HTTP for the queue and for the holder, if it is
    ///   registered there;
    /// - put several that are released back in their order, the first in the list first;
    /// - report trouble with one settlement without failing the others.
    async fn settle(&self, done: &[LoanSettlement], now: SystemTime) -> Result<Vec<Settled>>;

    /// Lets loans last longer, never shorter; answers for each whether it was still held at `now`.
    async fn extend(&self, loans: &[LoanExtension], now: SystemTime) -> Result<Vec<bool>>;

    /// Looks loans up by their receipts, in the order of the list: nothing for one that is over at
    /// `now` or was settled, nor for a text that is no receipt. Changes nothing, and costs the same
    /// however many loans there are.
    async fn find(&self, receipts: &[LoanReceipt], now: SystemTime) -> Result<Vec<Option<Loan>>>;

    /// Puts jobs whose loan has run out at `now` back to the front of their queues, those first that
    /// ran out first, each in one step; several of a queue keep the order in which they were lent.
    /// Counts for each job that it was lost once more.
    async fn put_back(&self, at_most: usize, now: SystemTime) -> Result<PutBack>;

    /// How many jobs are lent, those included that have run out and were not put back yet.
    async fn count(&self) -> Result<u64>;

    /// Shows loans, those that run out first at the top, after putting back what has run out.
    async fn list(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
        now: SystemTime,
    ) -> Result<LoanPage>;
}

/// Workers that come over HTTP: who there is, on which queues, and what they have done.
///
/// They stand beside the [registry](super::WorkerRegistry), never in it, hold nothing, and nobody
/// needs to be among them to work. At most [`MOST_HTTP_WORKERS`](crate::MOST_HTTP_WORKERS) are
/// known at once.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait HttpWorkers: Debug + Send + Sync {
    /// Registers a worker on a queue, also one that is registered already: its time and its counts
    /// begin anew, and the queues it is on stay.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Rejected`] when there are too many; those that were silent for long can be
    /// [pruned](Self::prune).
    async fn register(
        &self,
        worker: &HttpWorkerId,
        queue: &QueueName,
        now: SystemTime,
    ) -> Result<()>;

    /// Takes a worker off a queue, and forgets it when that was its last one. Answers whether it was
    /// registered there.
    async fn unregister(&self, worker: &HttpWorkerId, queue: &QueueName) -> Result<bool>;

    /// Adds to the counts of queues and of those workers that are registered, who are thereby heard
    /// of.
    async fn count(&self, tallies: &[HttpTally], now: SystemTime) -> Result<()>;

    /// What was counted for a queue.
    async fn counts(&self, queue: &QueueName) -> Result<HttpCounts>;

    /// Forgets what was counted for a queue; workers and their counts stay.
    async fn forget_counts(&self, queue: &QueueName) -> Result<()>;

    /// All workers, or those of one queue, in byte order of their names.
    async fn workers(&self, queue: Option<&QueueName>) -> Result<Vec<HttpWorker>>;

    /// One worker, if it is registered.
    async fn worker(&self, id: &HttpWorkerId) -> Result<Option<HttpWorker>>;

    /// Forgets workers that were not heard of since `before`, and answers how many there were.
    async fn prune(&self, before: SystemTime) -> Result<u64>;
}
