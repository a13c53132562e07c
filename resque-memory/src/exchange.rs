//! Settling finished jobs and filling free slots, in one step.

use std::time::SystemTime;

use resque_core::{
    Exchange, Outcome, QueueList, QueueName, Reservation, Settled, Settlement, WorkerId,
};

use crate::delayed::Delayed;
use crate::failures::Failures;
use crate::jobs::Job;
use crate::store::{State, unknown};

/// Jobs that go back to the front of their queues once all settlements are through.
pub(crate) type Released = Vec<(QueueName, Job)>;

/// Where jobs go that are settled.
pub(crate) struct Places<'a> {
    pub(crate) failures: &'a mut Failures,
    pub(crate) delayed: &'a mut Delayed,
    pub(crate) released: &'a mut Released,
}

impl Places<'_> {
    /// Puts a job where the outcome says, which is [known](is_known).
    pub(crate) fn put(&mut self, outcome: &Outcome, queue: QueueName, job: Job) {
        match outcome {
            Outcome::Failed(record) => self.failures.add(record.clone()),
            Outcome::RetryAt { payload, at } => self.delayed.add(*at, queue, payload.clone()),
            Outcome::Release => self.released.push((queue, job)),
            Outcome::ReleaseAs(payload) => {
                let payload = payload.clone();
                self.released.push((queue, Job { payload, ..job }));
            }
            Outcome::Defer(at) => self.delayed.add(*at, queue, job.payload),
            _ => {}
        }
    }
}

/// Whether this backend knows what to do with a job that ends so.
pub(crate) fn is_known(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Done
            | Outcome::Failed(_)
            | Outcome::RetryAt { .. }
            | Outcome::Release
            | Outcome::ReleaseAs(_)
            | Outcome::Defer(_)
            | Outcome::Discard
    )
}

impl State {
    /// Settles, then fills slots.
    pub(crate) fn exchange(
        &mut self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Exchange {
        let mut answer = Exchange::default();
        answer.settled = self.settle(done);
        answer.reserved = self.reserve(want, from, now);
        answer.paused = self.queues.paused;
        answer
    }

    fn settle(&mut self, done: &[Settlement]) -> Vec<Settled> {
        let mut released = Released::new();
        let settled = done
            .iter()
            .map(|settlement| self.settle_one(settlement, &mut released))
            .collect();
        self.queues.release(released);
        settled
    }

    fn settle_one(&mut self, settlement: &Settlement, released: &mut Released) -> Settled {
        let receipt = &settlement.receipt;
        let Some(worker) = self.workers.get_mut(receipt.worker()) else {
            return Settled::Lost;
        };
        if !is_known(&settlement.outcome) {
            return Settled::Trouble(unknown("settle a job", &settlement.outcome));
        }
        let Some(note) = worker.surrender(receipt) else {
            return Settled::Lost;
        };
        let mut places = Places {
            failures: &mut self.failures,
            delayed: &mut self.delayed,
            released,
        };
        places.put(&settlement.outcome, note.queue, note.job);
        worker.tallies.count(settlement.tally);
        self.counters.tallies.count(settlement.tally);
        if let Some(changes) = &settlement.leases {
            self.counted.change(changes);
        }
        Settled::Applied
    }

    fn reserve(
        &mut self,
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Vec<Reservation> {
        let mut round = self.workers.round(now);
        let mut slots = want.iter();
        if !self.queues.paused {
            for name in self.queues.order(from).iter() {
                let Some(queue) = self.queues.serving(name) else {
                    continue;
                };
                let at_most = slots.len().min(queue.jobs.len());
                round.reserved.reserve(at_most);
                while !queue.jobs.is_empty() {
                    let Some(id) = slots.next() else {
                        return round.reserved;
                    };
                    let source = (name, &mut queue.jobs);
                    self.workers.fill(id, source, &mut round);
                }
            }
        }
        slots.for_each(|id| self.workers.redeliver(id, &mut round));
        round.reserved
    }
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
