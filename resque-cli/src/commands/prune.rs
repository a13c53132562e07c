//! `resque workers prune`: what a janitor does, once and because a person says so.

use std::time::{Duration, SystemTime};

use clap::Args;
use resque::{DeadWorker, Left, Recovered};
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
    /// How many wait for another attempt.
    retried: u64,
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
        sure.about(&format!("prune {workers} and settle {jobs} that they hold"))?;
        let settled = store.client.recover(&dead).await?;
        let of = |what| settled.iter().filter(|one| **one == what).count() as u64;
        let (recovered, retried) = (of(Recovered::Failed), of(Recovered::Retried));
        let leaving: Vec<_> = dead.iter().map(DeadWorker::leaving).collect();
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
            retried,
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

impl Answer for Pruned {
    fn text(&self) -> String {
        let (workers, jobs) = (self.workers.len() as u64, self.recovered);
        let (workers, jobs) = (count(workers, "worker"), count(jobs, "job"));
        let retried = self.retried;
        format!("{workers} pruned, {jobs} recorded as failed, {retried} to be tried again\n")
    }
}
