//! The queues of a store.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::{
    CancelJobs, DelayedJobs, HttpWorkers, JobLoans, Keyspace, Limits, QueueControl, ScheduleStore,
    StatsHistory, WaitForJobs,
};
use crate::{
    BackendInfo, Edit, Enqueue, Exchange, Page, Payload, Popped, Pushed, QueueList, QueueListing,
    QueueName, Result, Settlement, WorkerId,
};

/// Queues of payloads, with reservations.
///
/// Batches are the primitive; the pleasant single forms live in [`crate::Client`], which nobody
/// implements by hand. Times are parameters, in store time. A payload is bytes and comes back byte
/// for byte. Whoever implements this proves it with the conformance suite.
///
/// # Errors
///
/// Every method reports an outage as [`crate::Error::Unavailable`] when nothing was executed and as
/// [`crate::Error::OutcomeUnknown`] when that is not known. An implementation never sends a request
/// again by itself.
#[async_trait]
pub trait QueueBackend: Debug + Send + Sync + 'static {
    /// Facts about this store.
    fn info(&self) -> BackendInfo;

    /// Puts jobs into queues, in order, each at the end of its queue or, with a due time, into the
    /// delayed set. Answers in the order of the batch.
    ///
    /// The backend must register the queue's name with the job, so that `*` finds it, and when
    /// [`BackendInfo::atomic_batch`] is set, put in all jobs or none.
    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>>;

    /// Settles finished jobs, then fills free slots, in one round trip and one step; either list
    /// may be empty.
    ///
    /// The backend must
    /// - apply each settlement only while the store still notes the reservation that the receipt
    ///   names (and, for a guarded receipt, the same heartbeat), and answer `Lost` otherwise;
    /// - move the job, record the failure, and count in that same step;
    /// - give a slot of `want` that already holds a reservation that one again, also while reserving
    ///   is paused or its queue is stopped or gone, and never overwrite a reservation except by
    ///   settling it;
    /// - serve the queues of `from` strictly in order, at most one job to each slot of `want`,
    ///   earlier slots first, nothing new while reserving is paused and nothing new from a stopped
    ///   queue;
    /// - note a job as held in the same step in which it leaves its queue;
    /// - give no job to a slot that [`dead`](super::WorkerRegistry::dead) would never find: one
    ///   without a heartbeat, such as one that was taken off the registry, gets its first with the
    ///   job, or gets none;
    /// - report trouble with one queue or settlement without failing the others.
    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange>;

    /// Takes jobs out for good, as Resque's plain `pop` does: nobody holds them and a crash of the
    /// caller loses them. Nothing comes from a stopped queue; the pause of all workers does not
    /// matter here.
    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>>;

    /// Shows waiting jobs, the next one first.
    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>>;

    /// Removes or moves waiting jobs by their exact bytes, each edit in one step, and answers how
    /// many jobs each one found.
    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>>;

    /// All queues that exist, empty ones too.
    async fn queues(&self) -> Result<QueueListing>;

    /// How many jobs wait in one queue; 0 if it does not exist.
    ///
    /// Unless this is overridden it looks through all queues, which is slow where they are many.
    async fn length(&self, queue: &QueueName) -> Result<u64> {
        let listing = self.queues().await?;
        Ok(listing
            .get(queue.as_str())
            .map_or(0, |status| status.length))
    }

    /// Makes a queue exist without a job; answers whether it is new.
    async fn create_queue(&self, queue: &QueueName) -> Result<bool>;

    /// Removes a queue with all its waiting jobs, in one step, and answers how many there were.
    /// Jobs in flight, failures and delayed jobs stay, and a stopped queue stays stopped: when jobs
    /// come into it again, it gives none until it is started.
    async fn delete_queue(&self, queue: &QueueName) -> Result<u64>;

    /// Removes everything in this namespace and nothing else; answers how many keys, rows or
    /// values went.
    async fn clear(&self) -> Result<u64>;

    /// The ability to wake up when a job is pushed.
    fn waiting(&self) -> Option<&dyn WaitForJobs> {
        None
    }

    /// The ability to hold jobs until they are due.
    fn delayed(&self) -> Option<&dyn DelayedJobs> {
        None
    }

    /// The ability to stop queues and to pause all workers.
    fn control(&self) -> Option<&dyn QueueControl> {
        None
    }

    /// The ability to remember schedules and to fire each of their ticks once.
    fn schedules(&self) -> Option<&dyn ScheduleStore> {
        None
    }

    /// The ability to name and list the keys of the namespace.
    fn keyspace(&self) -> Option<&dyn Keyspace> {
        None
    }

    /// The ability to keep jobs unique and to limit how many run at once and how often they start.
    /// A backend that offers it obeys [`Enqueue::lock`] and [`Settlement::leases`] too.
    fn limits(&self) -> Option<&dyn Limits> {
        None
    }

    /// The ability to ask for the end of a job that runs.
    fn cancel(&self) -> Option<&dyn CancelJobs> {
        None
    }

    /// The ability to remember what the store looked like, minute by minute.
    fn history(&self) -> Option<&dyn StatsHistory> {
        None
    }

    /// The ability to lend jobs to programs that are no workers.
    fn loans(&self) -> Option<&dyn JobLoans> {
        None
    }

    /// The ability to keep account of workers that come over HTTP.
    fn http_workers(&self) -> Option<&dyn HttpWorkers> {
        None
    }
}
