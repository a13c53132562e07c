//! Performing everything that waits, in a test, without a worker.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use crate::{
    Attempt, Backend, Client, Decision, Error, Handlers, JobFailure, ManualClock, Performed,
    Performer, QueueList, QueuedJob, Reservation, Result, Settled, Settlement, WorkerId,
};

/// Performs all jobs that wait, one after another, until the queues are empty.
///
/// Jobs are reserved, performed and settled as a worker does it, so counters and failed jobs are
/// as after real work. Jobs that jobs enqueue are performed too, and delayed ones that are due;
/// [`Drain::through_time`] moves a clock on to the others, among them the retries of jobs that
/// failed, without jitter.
///
/// ```
/// use resque_core::testing::drain;
/// use resque_core::{Client, Handlers};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let client = Client::new(resque_memory::MemoryBackend::new().backend());
/// let handlers = Handlers::new().register_fn("Countdown", |(from,): (u32,), ctx| async move {
///     if from > 0 {
///         ctx.client().enqueue_raw("q", "Countdown", &(from - 1,)).await?;
///     }
///     Ok(())
/// });
/// client.enqueue_raw("q", "Countdown", &(3,)).await?;
/// let drained = drain(&client, handlers).await?;
/// assert_eq!(drained.done(), 4);
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As for [`crate::QueueBackend`]; [`Error::InvalidSetting`] when there is no end to the jobs.
pub async fn drain(client: &Client, handlers: Handlers) -> Result<Drained> {
    Drain::new(client, handlers).run().await
}

/// A [`drain`] that is set up piece by piece.
#[derive(Clone, Debug)]
#[must_use = "nothing is performed before `run`"]
pub struct Drain {
    client: Client,
    performer: Performer,
    from: QueueList,
    clock: Option<ManualClock>,
    at_most: usize,
}

impl Drain {
    /// Drains all queues.
    pub fn new(client: &Client, handlers: Handlers) -> Self {
        Self {
            client: client.clone(),
            // Nothing is left to chance: each retry comes as early as its policy permits.
            performer: Performer::new(handlers, client.clone()).with_random(|| 0.0),
            from: QueueList::all(),
            clock: None,
            at_most: 10_000,
        }
    }

    /// Drains these queues only, in this order.
    pub fn from(mut self, queues: QueueList) -> Self {
        self.from = queues;
        self
    }

    /// Whenever the queues are empty, moves the clock on to the next delayed job, until none waits.
    /// It must be the clock of the client and of the store.
    pub fn through_time(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Takes more than this many jobs for endless; at first 10,000.
    pub fn at_most(mut self, jobs: usize) -> Self {
        self.at_most = jobs;
        self
    }

    /// Performs the jobs.
    ///
    /// # Errors
    ///
    /// As for [`drain`].
    pub async fn run(self) -> Result<Drained> {
        let store = self.client.store("draining")?;
        let slot = new_slot()?;
        let now = store.workers().server_time().await?;
        store
            .workers()
            .register(std::slice::from_ref(&slot), now)
            .await?;
        let mut drained = Drained::default();
        let mut done = Vec::new();
        loop {
            let now = store.workers().server_time().await?;
            promote(store, now).await?;
            let want = std::slice::from_ref(&slot);
            let mut answer = store
                .queues()
                .exchange(&done, want, &self.from, now)
                .await?;
            done.clear();
            for settled in answer.settled {
                if let Settled::Trouble(error) = settled {
                    return Err(error);
                }
            }
            if let Some(reservation) = answer.reserved.pop() {
                done.push(self.perform(reservation, &mut drained).await?);
            } else if !self.advance().await? {
                break;
            }
        }
        store
            .workers()
            .unregister(&[crate::Leaving::new(slot)])
            .await?;
        Ok(drained)
    }

    /// Performs one job and tells how to settle it.
    async fn perform(&self, held: Reservation, drained: &mut Drained) -> Result<Settlement> {
        if drained.jobs.len() == self.at_most {
            return Err(Error::InvalidSetting {
                setting: "draining".to_owned(),
                reason: format!(
                    "there are more than {} jobs; is there an end?",
                    self.at_most
                ),
            });
        }
        let ctx = self.performer.prepare(Attempt::from(&held));
        let limits = self.performer.handlers().limit_table();
        let limits = limits.of(held.queue.as_str(), &held.payload);
        let worker = held.worker.clone();
        let performed = self.performer.perform(&ctx).await;
        let now = self.client.store_time().await?;
        let mut settlement = performed.clone().settlement(&ctx, held.receipt, || now);
        settlement.leases =
            limits.and_then(|limits| limits.unclaimed(&worker, &settlement.outcome, now));
        drained
            .jobs
            .push((QueuedJob::new(held.queue, held.payload), performed));
        Ok(settlement)
    }

    /// Moves the clock on to the next delayed job, and answers whether there is one.
    async fn advance(&self) -> Result<bool> {
        let Some(clock) = &self.clock else {
            return Ok(false);
        };
        let Some(next) = self.client.delayed()?.next().await? else {
            return Ok(false);
        };
        let now = self.client.clock().now();
        clock.advance(next.due.duration_since(now).unwrap_or_default());
        Ok(true)
    }
}

/// The id of a worker that nobody else uses.
fn new_slot() -> Result<WorkerId> {
    static SLOTS: AtomicUsize = AtomicUsize::new(0);
    let slot = SLOTS.fetch_add(1, Ordering::Relaxed);
    WorkerId::compose("test", "drain", std::process::id(), slot, "*")
}

async fn promote(store: &Backend, now: SystemTime) -> Result<()> {
    if let Some(delayed) = store.queues().delayed() {
        delayed.promote("test:drain", now, usize::MAX).await?;
        delayed.resign("test:drain").await?;
    }
    Ok(())
}

/// What a drain did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Drained {
    /// The jobs in the order in which they were performed, each with how that ended.
    pub jobs: Vec<(QueuedJob, Performed)>,
}

impl Drained {
    /// How many jobs came to a good end.
    #[must_use]
    pub fn done(&self) -> usize {
        let done = |(_, performed): &&(QueuedJob, Performed)| *performed == Performed::Done;
        self.jobs.iter().filter(done).count()
    }

    /// The jobs that a hook kept from being performed.
    #[must_use]
    pub fn skipped(&self) -> Vec<&QueuedJob> {
        let skipped = self
            .jobs
            .iter()
            .filter(|(_, performed)| *performed == Performed::Skipped);
        skipped.map(|(job, _)| job).collect()
    }

    /// The jobs that went to the failed list, each with its failure.
    #[must_use]
    pub fn failures(&self) -> Vec<(&QueuedJob, &JobFailure)> {
        self.failed_with(|decision| matches!(decision, Decision::Fail | Decision::Quarantine))
    }

    /// The attempts that failed and after which the job was to be tried again, each with its
    /// failure.
    #[must_use]
    pub fn retries(&self) -> Vec<(&QueuedJob, &JobFailure)> {
        self.failed_with(|decision| matches!(decision, Decision::RetryAt(_)))
    }

    /// The attempts whose error let the job wait, as if it had not been tried.
    #[must_use]
    pub fn snoozes(&self) -> Vec<(&QueuedJob, &JobFailure)> {
        self.failed_with(|decision| matches!(decision, Decision::SnoozeUntil(_)))
    }

    /// The jobs that were dropped because of their error.
    #[must_use]
    pub fn discarded(&self) -> Vec<(&QueuedJob, &JobFailure)> {
        self.failed_with(|decision| decision == Decision::Discard)
    }

    fn failed_with(&self, wanted: impl Fn(Decision) -> bool) -> Vec<(&QueuedJob, &JobFailure)> {
        let failed = self
            .jobs
            .iter()
            .filter_map(|(job, performed)| match performed {
                Performed::Failed(failure) => Some((job, failure)),
                Performed::Done | Performed::Skipped => None,
            });
        let fits = |(_, failure): &(&QueuedJob, &JobFailure)| {
            wanted(failure.decision.unwrap_or(Decision::Fail))
        };
        failed.filter(fits).collect()
    }
}
