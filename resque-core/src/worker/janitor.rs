//! Finds workers that have died, of any language; what they held counts as a failed attempt.
//!
//! The job's policy says whether it is tried again, if this process knows its class; else it is
//! recorded as failed.
//!
//! Recovery is an ordinary settlement with the dead worker's receipt, valid only while it stays
//! silent. So janitors may race, die half-way or be wrong about the time: the store lets one of
//! them win, and none as soon as the worker beats again.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use super::core::Core;
use super::exchange::LARGEST_EXCHANGE;
use super::lent::LentJobs;
use super::moments::Moment;
use super::operation::Operation;
use super::outage::{Link, broke};
use super::report::Counters;
use super::retention::Retention;
use super::sampler::Sampler;
use super::sight::Sight;
use super::{Event, vitals};
use crate::recovery::Recovery;
use crate::{Backend, DeadWorker, Held, Leaving, Left, Performer, Result, Settled, Settlement};

/// Looks for the dead.
#[derive(Debug)]
pub(crate) struct Janitor {
    pub(crate) core: Arc<Core>,
    pub(crate) link: Arc<Link>,
    pub(crate) performer: Performer,
    pub(crate) moments: mpsc::UnboundedSender<Moment>,
}

impl Janitor {
    /// One round after the other, for ever.
    pub(crate) async fn run(self) {
        let settings = &self.core.settings;
        let mut sight = Sight::new(
            settings
                .janitor_every
                .saturating_add(settings.stale_after()),
        );
        let mut retention = Retention::new(settings.keep_failures);
        let mut sampler = Sampler::new(settings.janitor_every);
        let mut lent = LentJobs::default();
        loop {
            let connection = self.link.connection();
            match self.round(&connection.backend, &mut sight).await {
                Ok(()) => self.link.worked(),
                Err(error) => {
                    let broke = broke(&error);
                    self.link.failed(Operation::LOOK_FOR_DEAD_WORKERS, error);
                    if broke && let Err(error) = self.link.reconnect(&connection).await {
                        self.link.failed(Operation::CONNECT_AGAIN, error);
                    }
                }
            }
            let (monotonic, now) = (self.core.clock.monotonic(), self.core.store_clock.now());
            let kept = retention.round(&connection.backend, monotonic, now).await;
            if let Err(error) = kept {
                self.link.failed(Operation::REMOVE_OLD_FAILED_JOBS, error);
            }
            let put_back = lent.round(&connection.backend, monotonic, now).await;
            if let Err(error) = put_back {
                self.link.failed(Operation::PUT_BACK_LENT_JOBS, error);
            }
            if let Err(error) = sampler.round(&connection.backend, now).await {
                self.link.failed(Operation::SAMPLE_THE_STORE, error);
            }
            self.core.clock.sleep(settings.janitor_every).await;
            self.look_for_stuck_jobs();
        }
    }

    async fn round(&self, backend: &Backend, sight: &mut Sight) -> Result<()> {
        let settings = &self.core.settings;
        let now = self.core.store_clock.now();
        let silence = settings.prune_after.min(settings.prune_foreign_after);
        let Some(before) = now.checked_sub(silence) else {
            return Ok(());
        };
        let dead = backend.workers().dead(before).await;
        let dead = dead.inspect_err(|_| sight.fail())?;
        let view = sight.look(vitals::Moment::of(&self.core.clock));
        if dead.is_empty() {
            return Ok(());
        }
        let ours = self.core.slots.lock().ids_in_use();
        let mut leaving = Vec::new();
        let mut recoveries = Vec::new();
        for dead in dead {
            let limit = self.limit(&dead);
            let shown = now.duration_since(dead.last_heartbeat).unwrap_or_default();
            // What was not seen is no silence.
            let silent = view.silence(shown, limit);
            // Whatever the store thinks of ourselves, the heartbeat deals with it.
            if silent <= limit || ours.contains(&dead.id) {
                continue;
            }
            match self.recovery(&dead, silent > limit.saturating_add(settings.prune_after)) {
                Found::Nothing => leaving.push(dead.leaving()),
                Found::Job(recovery) => recoveries.push(*recovery),
                Found::NotOurs => {}
            }
        }
        leaving.extend(self.settle(backend, recoveries, now).await?);
        self.prune(backend, &leaving).await
    }

    /// The silence after which a worker is dead.
    fn limit(&self, dead: &DeadWorker) -> Duration {
        let settings = &self.core.settings;
        if dead.id.is_ours() {
            settings.prune_after
        } else {
            settings.prune_foreign_after
        }
    }

    /// What is to be done about a dead worker's job. At first only a process that knows its class
    /// recovers it, because it alone knows its policy and its failure hooks; later anybody records
    /// it as failed.
    fn recovery(&self, dead: &DeadWorker, anybody: bool) -> Found {
        let Some(held) = &dead.holds else {
            return Found::Nothing;
        };
        let now = self.core.store_clock.now();
        let recovery = Recovery::new(&self.performer, dead, held, now);
        if !recovery.known && !anybody {
            return Found::NotOurs;
        }
        Found::Job(Box::new(recovery))
    }

    /// Settles what the dead held, and answers who of them holds nothing any more.
    async fn settle(
        &self,
        backend: &Backend,
        recoveries: Vec<Recovery>,
        now: SystemTime,
    ) -> Result<Vec<Leaving>> {
        let from = &self.core.settings.pools[0].queues;
        let mut recoveries = recoveries.into_iter();
        let mut leaving = Vec::new();
        loop {
            let some: Vec<_> = recoveries.by_ref().take(LARGEST_EXCHANGE).collect();
            if some.is_empty() {
                return Ok(leaving);
            }
            let settlements: Vec<_> = some.iter().map(|one| self.freeing(one, now)).collect();
            let exchange = backend
                .queues()
                .exchange(&settlements, &[], from, now)
                .await?;
            for (recovery, settled) in some.into_iter().zip(exchange.settled) {
                match settled {
                    Settled::Applied => {
                        leaving.push(recovery.dead.leaving());
                        self.tell_recovered(recovery);
                    }
                    // It has come back to life, or another janitor was faster.
                    Settled::Lost => leaving.push(recovery.dead.leaving()),
                    Settled::Trouble(error) => self.link.failed(Operation::RECOVER_A_JOB, error),
                }
            }
        }
    }

    /// The settlement of a recovery, with what the dead worker held beside the job.
    fn freeing(&self, recovery: &Recovery, now: SystemTime) -> Settlement {
        let mut settlement = recovery.settlement(now);
        if let Some(limiter) = &self.core.limiter {
            let Held { queue, payload, .. } = &recovery.held;
            let leases = limiter.leases_of(&recovery.dead.id, queue, payload);
            settlement.leases = leases.and_then(|held| held.changes(&settlement.outcome, now));
        }
        settlement
    }

    async fn prune(&self, backend: &Backend, leaving: &[Leaving]) -> Result<()> {
        if leaving.is_empty() {
            return Ok(());
        }
        let left = backend.workers().unregister(leaving).await?;
        for (leaving, left) in leaving.iter().zip(left) {
            if left == Left::Gone {
                tracing::warn!(worker = %leaving.worker, "pruned a dead worker");
                self.core.events.announce(|| Event::Pruned {
                    worker: leaving.worker.clone(),
                });
            }
        }
        Ok(())
    }

    fn tell_recovered(&self, recovery: Recovery) {
        Counters::add(&self.core.counters.recovered, 1);
        let Recovery {
            dead,
            held,
            class,
            job,
            failure,
            ..
        } = recovery;
        let what = if failure.retry_at().is_some() {
            "the job of a dead worker is tried again"
        } else {
            "recorded the job of a dead worker as failed"
        };
        tracing::warn!(worker = %dead.id, class, queue = held.queue, "{what}");
        self.core.events.announce(|| Event::Recovered {
            worker: dead.id,
            class,
            queue: held.queue,
            failure: failure.clone(),
        });
        // The runtime may have gone, and with it whoever runs hooks.
        let _ = self.moments.send(Moment::Recovered(job, failure));
    }

    /// Tells which jobs are past their time and do not yield.
    fn look_for_stuck_jobs(&self) {
        let settings = &self.core.settings;
        let now = self.core.clock.monotonic();
        for running in self.core.slots.running() {
            let timeout = running.context().and_then(|ctx| ctx.timeout());
            let Some(timeout) = timeout.or(settings.job_timeout) else {
                continue;
            };
            let elapsed = now.saturating_sub(running.since);
            if elapsed > timeout.saturating_add(settings.timeout_grace) && running.mark_stuck() {
                let job = running.info();
                tracing::error!(
                    class = job.class,
                    ?elapsed,
                    "a job is stuck: it does not yield"
                );
                self.core.events.announce(|| Event::Stuck { job, elapsed });
            }
        }
    }
}

enum Found {
    /// The worker holds nothing.
    Nothing,
    /// It holds a job that this process may recover.
    Job(Box<Recovery>),
    /// It holds a job that others may know.
    NotOurs,
}
