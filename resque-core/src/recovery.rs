//! What becomes of the job that a dead worker held: a failed attempt like any other.

use std::time::SystemTime;

use crate::wire::extra::Death;
use crate::wire::payload::decode;
use crate::{
    Attempt, DeadWorker, Decision, Held, JobContext, JobFailure, Outcome, Performed, Performer,
    QueueName, Settlement, Tally,
};

/// A dead worker's job.
pub(crate) struct Recovery {
    pub(crate) dead: DeadWorker,
    pub(crate) held: Held,
    #[cfg_attr(
        not(feature = "worker"),
        expect(dead_code, reason = "janitors tell which classes they met")
    )]
    pub(crate) class: Option<String>,
    /// Whether this process knows the class, and with it its policy and its failure hooks.
    #[cfg_attr(
        not(feature = "worker"),
        expect(dead_code, reason = "janitors choose a policy by it")
    )]
    pub(crate) known: bool,
    pub(crate) job: JobContext,
    pub(crate) failure: JobFailure,
}

impl Recovery {
    /// What is to be done about what a dead worker holds: its policy decides, if its class is known,
    /// else it is recorded as failed. `now` is the store's time.
    pub(crate) fn new(
        performer: &Performer,
        dead: &DeadWorker,
        held: &Held,
        now: SystemTime,
    ) -> Self {
        let class = decode(held.payload.as_bytes())
            .map(|job| job.class.into_owned())
            .ok();
        let known = class
            .as_deref()
            .is_some_and(|class| performer.handlers().knows(class));
        let error = format!(
            "Worker {} did not gracefully exit while processing {}",
            dead.id,
            class.as_deref().unwrap_or("<Unknown Job>")
        );
        let mut failure = JobFailure::new("Resque::PruneDeadWorkerDirtyExit", error)
            .with_death(death_of(dead, now));
        let queue = QueueName::new(&held.queue).ok();
        if !known || queue.is_none() {
            failure = failure.with_decision(Decision::Fail);
        }
        let attempt = Attempt::new(queue, held.payload.clone()).on(dead.id.clone());
        let job = performer.prepare(attempt.since(held.since));
        Self {
            dead: dead.clone(),
            held: held.clone(),
            class,
            known,
            failure: performer.decide(&job, failure),
            job,
        }
    }

    /// Whether the job is tried again.
    pub(crate) fn is_retried(&self) -> bool {
        self.failure.retry_at().is_some()
    }

    /// What settles the job.
    pub(crate) fn settlement(&self, now: SystemTime) -> Settlement {
        let performed = Performed::Failed(self.failure.clone());
        let receipt = self.held.receipt.clone();
        let mut settlement = performed.settlement(&self.job, receipt, || now);
        if let Outcome::Failed(record) = &mut settlement.outcome {
            // A foreign note may name a queue that is none.
            record.queue.clone_from(&self.held.queue);
        }
        // The attempt never came to an end: Resque counts nothing.
        settlement.tally = Tally::Nothing;
        settlement
    }
}

/// What is known about a dead worker.
fn death_of(dead: &DeadWorker, now: SystemTime) -> Death {
    let mut death = Death::new(now, dead.id.host());
    // Our ids name the slot behind the process.
    let process = dead.id.pid().split('-').next();
    death.pid = process.and_then(|process| process.parse().ok());
    death.heartbeat = Some(dead.last_heartbeat);
    death
}
