//! `resque workers prune`: what a janitor does, once and because a person says so.

use std::time::{Duration, SystemTime};

use clap::Args;
use resque::wire::extra::Extras;
use resque::wire::payload::decode;
use resque::{DeadWorker, FailureRecord, Held, Leaving, Left, QueueList, Settled, Settlement};
use serde::Serialize;

use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, count};
use crate::times;

/// The least silence after which a foreign worker is dead: Ruby's workers beat once a minute.
const FOREIGN: Duration = Duration::from_secs(300);

/// After what silence workers are dead.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Limits {
    /// After what silence a worker is dead; for workers of other programs at least 5m. In the first
    /// two minutes workers that know the job see to it, and try it again if it has a retry policy
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = times::duration)]
    after: Duration,
}

#[derive(Debug, Default, Serialize)]
struct Pruned {
    /// The workers that are off the registry.
    workers: Vec<String>,
    /// How many jobs were recorded as failed.
    recovered: u64,
}

impl Limits {
    pub(super) async fn prune(self, store: &Store, sure: Sure) -> Result<(), Failure> {
        let now = store.client.store_time().await?;
        let dead = self.dead(store, now).await?;
        if dead.is_empty() {
            return store.out.answer(&Pruned::default());
        }
        let holding = dead.iter().filter(|dead| dead.holds.is_some()).count() as u64;
        let (workers, jobs) = (count(dead.len() as u64, "worker"), count(holding, "job"));
        sure.about(&format!("prune {workers} and record {jobs} as failed"))?;
        let (leaving, recovered) = settle(store, dead, now).await?;
        let left = store.backend()?.workers().unregister(&leaving).await?;
        let gone = leaving
            .iter()
            .zip(left)
            .filter(|(_, left)| *left == Left::Gone);
        store.out.answer(&Pruned {
            workers: gone
                .map(|(leaving, _)| leaving.worker.to_string())
                .collect(),
            recovered,
        })
    }

    async fn dead(self, store: &Store, now: SystemTime) -> Result<Vec<DeadWorker>, Failure> {
        let Some(before) = now.checked_sub(self.after) else {
            return Ok(Vec::new());
        };
        let mut dead = store.backend()?.workers().dead(before).await?;
        dead.retain(|dead| {
            let silence = now.duration_since(dead.last_heartbeat).unwrap_or_default();
            dead.id.is_ours() || silence > self.after.max(FOREIGN)
        });
        Ok(dead)
    }
}

/// Records what the dead held as failed, and answers who of them may leave. All is valid only while
/// they stay silent.
async fn settle(
    store: &Store,
    dead: Vec<DeadWorker>,
    now: SystemTime,
) -> Result<(Vec<Leaving>, u64), Failure> {
    /// How many settlements go in one round trip.
    const CHUNK: usize = 500;
    let mut recovered = 0;
    let mut leaving = Vec::with_capacity(dead.len());
    for chunk in dead.chunks(CHUNK) {
        let holders = chunk
            .iter()
            .filter_map(|dead| Some((dead, dead.holds.as_ref()?)));
        let settlements: Vec<_> = holders
            .map(|(dead, held)| settlement(dead, held, now))
            .collect();
        let mut settled = Vec::new();
        if !settlements.is_empty() {
            let queues = store.backend()?.queues();
            let answer = queues
                .exchange(&settlements, &[], &QueueList::all(), now)
                .await?;
            settled = answer.settled;
        }
        let mut settled = settled.into_iter();
        for dead in chunk {
            match dead.holds.as_ref().map(|_| settled.next()) {
                Some(Some(Settled::Trouble(error))) => return Err(error.into()),
                Some(Some(Settled::Applied)) => recovered += 1,
                _ => {}
            }
            leaving.push(dead.leaving());
        }
    }
    Ok((leaving, recovered))
}

fn settlement(dead: &DeadWorker, held: &Held, now: SystemTime) -> Settlement {
    let class = decode(held.payload.as_bytes()).map(|job| job.class.into_owned());
    let class = class.unwrap_or_else(|_| "<Unknown Job>".to_owned());
    let error = format!(
        "Worker {} did not gracefully exit while processing {class}",
        dead.id
    );
    let record = FailureRecord::new(
        now,
        Extras::end(&held.payload),
        "Resque::PruneDeadWorkerDirtyExit",
        error,
    )
    .on(dead.id.as_str(), &held.queue);
    Settlement::recovered(held.receipt.clone(), record)
}

impl Answer for Pruned {
    fn text(&self) -> String {
        let (workers, jobs) = (self.workers.len() as u64, self.recovered);
        let (workers, jobs) = (count(workers, "worker"), count(jobs, "job"));
        format!("{workers} pruned, {jobs} recorded as failed\n")
    }
}
