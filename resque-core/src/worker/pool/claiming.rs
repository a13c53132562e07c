//! Jobs that have to claim something before they start, and what they leave when they end.

use std::sync::Arc;

use futures::FutureExt;

use super::Pool;
use crate::wire::extra::Extras;
use crate::worker::Event;
use crate::worker::core::Core;
use crate::worker::executor::releases;
use crate::worker::moments::Moment;
use crate::worker::operation::Operation;
use crate::worker::outage::{Backoff, Link, broke};
use crate::worker::running::Running;
use crate::{
    Claim, Claimed, Decision, Error, FailureRecord, JobFailure, Outcome, Result, Settlement, Tally,
};

/// What became of the claims of one exchange.
pub(super) struct Answers {
    jobs: Vec<Arc<Running>>,
    /// One for each job; `None` if the store could not be asked and the worker leaves.
    claimed: Option<Vec<Claimed>>,
}

impl Pool {
    /// Claims what jobs need that were just reserved, all in one call, and answers those that may
    /// start at once. A worker without limits gets all of them back.
    pub(super) fn claim(&mut self, jobs: Vec<Arc<Running>>) -> Vec<Arc<Running>> {
        let Some(limiter) = &self.core.limiter else {
            return jobs;
        };
        let now = self.core.store_clock.now();
        let mut free = Vec::with_capacity(jobs.len());
        let (mut asking, mut claims) = (Vec::new(), Vec::new());
        for running in jobs {
            match limiter.claim(&running, now) {
                None => free.push(running),
                Some(claim) => {
                    asking.push(running);
                    claims.push(claim);
                }
            }
        }
        if !asking.is_empty() {
            self.running += asking.len();
            self.drained = false;
            let (core, link) = (self.core.clone(), self.link.clone());
            self.claiming.push(ask(core, link, asking, claims).boxed());
        }
        free
    }

    /// Starts what may start, and puts off the rest.
    pub(super) fn take_claims(&mut self, answers: Answers) {
        self.running -= answers.jobs.len();
        let Some(claimed) = answers.claimed else {
            self.release(answers.jobs);
            return;
        };
        let mut granted = Vec::with_capacity(answers.jobs.len());
        for (running, claimed) in answers.jobs.into_iter().zip(claimed) {
            match claimed {
                Claimed::Granted => granted.push(running),
                Claimed::Wait(until) => {
                    self.core.events.meters().deferred();
                    self.core.events.tell(|| Event::Deferred {
                        job: running.info(),
                        until,
                    });
                    let settlement = Settlement::defer(running.receipt().clone(), until);
                    self.end(running, settlement);
                }
            }
        }
        self.hand_over(granted);
    }

    /// Gives jobs back that are not to be started.
    pub(super) fn release(&mut self, jobs: Vec<Arc<Running>>) {
        for running in jobs {
            let settlement = Settlement::release(running.receipt().clone());
            self.end(running, settlement);
        }
    }

    /// A job has ended, or will not start: notes how it is settled, with what it holds.
    pub(super) fn end(&mut self, running: Arc<Running>, settlement: Settlement) {
        let settlement = if running.is_cancelled() {
            self.cancelled(&running, settlement)
        } else {
            settlement
        };
        let settlement = self.core.with_leases(&running, settlement);
        self.ended.push(running, settlement);
    }

    /// A job that somebody wanted to end is not tried again, whatever it said in the end; only one
    /// that was done nevertheless is done.
    fn cancelled(&self, running: &Running, settlement: Settlement) -> Settlement {
        if matches!(settlement.outcome, Outcome::Done) {
            return settlement;
        }
        let said = match &settlement.outcome {
            Outcome::Failed(record) => format!("; it said: {}: {}", record.exception, record.error),
            _ => String::new(),
        };
        let text = format!("The job was cancelled while it ran{said}");
        let failure = JobFailure::new("Resque::Cancelled", text).with_decision(Decision::Fail);
        if let Some(ctx) = running.context() {
            // Unless they were called when the job ended by itself.
            let _ = self.moments.send(Moment::Failed(ctx, failure.clone()));
        }
        let job = &running.reservation;
        let record = FailureRecord::new(
            self.core.store_clock.now(),
            Extras::end(&job.payload),
            failure.exception,
            failure.error,
        )
        .on(job.worker.as_str(), job.queue.as_str());
        Settlement {
            tally: Tally::ProcessedAndFailed,
            ..Settlement::failed(settlement.receipt, record)
        }
    }
}

impl Core {
    /// The same settlement, with what becomes of the leases that the job holds.
    pub(crate) fn with_leases(&self, running: &Running, mut settlement: Settlement) -> Settlement {
        let (Some(limiter), Some(leases)) = (&self.limiter, running.leases()) else {
            return settlement;
        };
        let comes_back = matches!(settlement.outcome, Outcome::Defer(_)) || releases(&settlement);
        if !comes_back {
            limiter.held(leases, self.clock.monotonic().saturating_sub(running.since));
        }
        settlement.leases = leases.changes(&settlement.outcome, self.store_clock.now());
        settlement
    }
}

/// Asks until there is an answer: meanwhile the jobs stay with their slots.
async fn ask(
    core: Arc<Core>,
    link: Arc<Link>,
    jobs: Vec<Arc<Running>>,
    claims: Vec<Claim>,
) -> Answers {
    let mut backoff = Backoff::new(core.settings.retry_between);
    loop {
        let connection = link.connection();
        match claim(&core, &connection.backend, &claims).await {
            Ok(claimed) => {
                link.worked();
                let claimed = Some(claimed);
                return Answers { jobs, claimed };
            }
            Err(error) => {
                let broke = broke(&error);
                link.failed(Operation::CLAIM_WHAT_JOBS_NEED, error);
                link.recover(&connection, broke, backoff.wait()).await;
            }
        }
        if core.phase().is_leaving() {
            let claimed = None;
            return Answers { jobs, claimed };
        }
    }
}

async fn claim(core: &Core, backend: &crate::Backend, claims: &[Claim]) -> Result<Vec<Claimed>> {
    let Some(limits) = backend.queues().limits() else {
        return Err(backend.not_offered("limiting jobs", "limits"));
    };
    let claimed = limits.claim(claims, core.store_clock.now()).await?;
    if claimed.len() == claims.len() {
        return Ok(claimed);
    }
    Err(Error::Corrupt {
        place: "the answer to claims".to_owned(),
        found: format!("{} answers", claimed.len()),
        expected: format!("{}, one for each claim", claims.len()),
    })
}
