//! Settling what dead workers hold, once and because a person says so.

use super::Client;
use crate::recovery::Recovery;
use crate::{DeadWorker, Error, Performer, QueueList, Result, Settled};

/// How many settlements go in one round trip.
const LARGEST_EXCHANGE: usize = 500;

/// What became of the job of a dead worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovered {
    /// There was none, or somebody else was faster.
    Nothing,
    /// It is on record as failed, or was dropped because its policy says so.
    Failed,
    /// It waits for another attempt.
    Retried,
}

impl Client {
    /// Settles what dead workers hold, as workers do all the time: of a class that this client knows
    /// ([`Client::with_handlers`]) the policy says whether the job is tried again, and its failure
    /// hooks run; everything else is recorded as failed. The policy of a worker for all its classes
    /// is not known here.
    ///
    /// Nothing happens to a worker that has come back to life. The registry is left by
    /// [`crate::WorkerRegistry::unregister`].
    ///
    /// # Errors
    ///
    /// As for [`workers`](Client::workers); what was settled before stays so.
    pub async fn recover(&self, dead: &[DeadWorker]) -> Result<Vec<Recovered>> {
        let store = self.store("recovering jobs")?;
        let now = self.store_time().await?;
        let performer = Performer::new(self.handlers(), self.clone()).with_time(move || now);
        let limits = performer.handlers().limit_table();
        let mut recovered = vec![Recovered::Nothing; dead.len()];
        let recovery = |(place, dead): (usize, &DeadWorker)| {
            let held = dead.holds.as_ref()?;
            Some((place, Recovery::new(&performer, dead, held, now)))
        };
        let recoveries: Vec<_> = dead.iter().enumerate().filter_map(recovery).collect();
        for some in recoveries.chunks(LARGEST_EXCHANGE) {
            let settlements = some.iter().map(|(_, recovery)| {
                let mut settlement = recovery.settlement(now);
                let held = limits.of(&recovery.held.queue, &recovery.held.payload);
                let leases = held.map(|limits| limits.leases(&recovery.dead.id));
                settlement.leases =
                    leases.and_then(|leases| leases.changes(&settlement.outcome, now));
                settlement
            });
            let settlements: Vec<_> = settlements.collect();
            let answer = store
                .queues()
                .exchange(&settlements, &[], &QueueList::all(), now)
                .await?;
            let mut trouble = None;
            for ((place, recovery), settled) in some.iter().zip(answer.settled) {
                match settled {
                    Settled::Applied => {
                        recovered[*place] = match recovery.is_retried() {
                            true => Recovered::Retried,
                            false => Recovered::Failed,
                        };
                        self.call_failure_hooks(&performer, recovery).await;
                    }
                    Settled::Lost => {}
                    Settled::Trouble(error) => trouble = trouble.or(Some(error)),
                }
            }
            trouble.map_or(Ok::<(), Error>(()), Err)?;
        }
        Ok(recovered)
    }

    async fn call_failure_hooks(&self, performer: &Performer, recovery: &Recovery) {
        let failure = recovery.failure.clone();
        let told = performer.fail(&recovery.job, failure.clone()).await;
        if told != failure {
            // The failure is on record already; this one can only be told.
            tracing::error!(error = told.error, "a failure hook failed");
        }
    }
}
