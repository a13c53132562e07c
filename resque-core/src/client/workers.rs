//! Looking at workers and removing them.

use super::Client;
use crate::{
    Attempt, Decision, Error, Held, JobFailure, Leaving, Left, Performer, QueueList, QueueName,
    Result, Settled, Settlement, WorkerId, WorkerStatus,
};

impl Client {
    /// All registered workers in byte order of their ids, ours and foreign.
    ///
    /// # Errors
    ///
    /// As for [`crate::WorkerRegistry`], and so for all methods here.
    pub async fn workers(&self) -> Result<Vec<WorkerStatus>> {
        Ok(self
            .store("listing workers")?
            .workers()
            .workers()
            .await?
            .workers)
    }

    /// The workers that hold a job.
    ///
    /// # Errors
    ///
    /// As for [`workers`](Client::workers).
    pub async fn working(&self) -> Result<Vec<WorkerStatus>> {
        let mut workers = self.workers().await?;
        workers.retain(|worker| worker.holds.is_some());
        Ok(workers)
    }

    /// One worker, if it is registered.
    ///
    /// # Errors
    ///
    /// As for [`workers`](Client::workers).
    pub async fn worker(&self, id: &str) -> Result<Option<WorkerStatus>> {
        let listing = self.store("finding a worker")?.workers().workers().await?;
        Ok(listing.get(id).cloned())
    }

    /// Foreign workers that never sent a heartbeat: nobody can tell whether they live, so they are
    /// never pruned by guess. A person who knows removes them with
    /// [`remove_worker`](Client::remove_worker).
    ///
    /// # Errors
    ///
    /// As for [`workers`](Client::workers).
    pub async fn suspects(&self) -> Result<Vec<WorkerStatus>> {
        let mut workers = self.workers().await?;
        workers.retain(WorkerStatus::is_suspect);
        Ok(workers)
    }

    /// Takes a worker off the registry; what it holds is recorded as failed with
    /// `Resque::DirtyExit`. Answers whether it was there.
    ///
    /// The failure hooks of the job run here, if this client knows its class
    /// ([`Client::with_handlers`]).
    ///
    /// # Errors
    ///
    /// As for [`workers`](Client::workers); [`Error::Conflict`] when the worker takes one job after
    /// another meanwhile, so that it is alive.
    pub async fn remove_worker(&self, id: &str) -> Result<bool> {
        /// How many jobs a worker may take meanwhile before it counts as alive.
        const ROUNDS: usize = 5;
        if self.worker(id).await?.is_none() {
            return Ok(false);
        }
        let id = WorkerId::new(id)?;
        let registry = self.store("removing a worker")?.workers();
        for _ in 0..ROUNDS {
            match registry
                .unregister(&[Leaving::new(id.clone())])
                .await?
                .pop()
            {
                Some(Left::Holding(held)) => self.record_dirty_exit(*held).await?,
                Some(Left::Alive) => break,
                Some(Left::Gone) | None => return Ok(true),
            }
        }
        Err(Error::Conflict {
            what: format!("what worker {id} is doing"),
        })
    }

    /// Settles what a worker holds as failed, as Resque does when a worker is unregistered.
    async fn record_dirty_exit(&self, held: Held) -> Result<()> {
        let store = self.store("settling a job")?;
        let performer = Performer::new(self.handlers(), self.clone());
        let queue = QueueName::new(&held.queue).ok();
        let worker = held.receipt.worker().clone();
        let limits = performer.handlers().limit_table();
        let limits = limits.of(&held.queue, &held.payload);
        let ctx = performer.prepare(Attempt::new(queue, held.payload).on(worker.clone()));
        // Whoever removes a worker wants its job on record, whatever the policy would say.
        let failure = JobFailure::dirty_exit().with_decision(Decision::Fail);
        let failure = performer.fail(&ctx, failure).await;
        let now = self.store_time().await?;
        let record = failure
            .into_record(&ctx, now)
            .on(worker.as_str(), held.queue);
        let mut settlement = Settlement::recovered(held.receipt, record);
        settlement.leases =
            limits.and_then(|limits| limits.leases(&worker).changes(&settlement.outcome, now));
        let mut answer = store
            .queues()
            .exchange(&[settlement], &[], &QueueList::all(), now)
            .await?;
        match answer.settled.pop() {
            Some(Settled::Trouble(error)) => Err(error),
            // Lost: it was settled meanwhile, by the worker itself or by somebody else.
            _ => Ok(()),
        }
    }
}
