//! Settling finished jobs and filling free slots, in one step.

use std::time::SystemTime;

use resque_core::{
    Exchange, Outcome, QueueList, QueueName, Reservation, Settled, Settlement, WorkerId,
};

use crate::jobs::Job;
use crate::store::{State, unknown};

/// Jobs that go back to the front of their queues once all settlements are through.
type Released = Vec<(QueueName, Job)>;

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
        // The last one first, so that the first one ends up in front.
        for (queue, job) in released.into_iter().rev() {
            self.queues.put_front(&queue, job);
        }
        settled
    }

    fn settle_one(&mut self, settlement: &Settlement, released: &mut Released) -> Settled {
        let receipt = &settlement.receipt;
        let Some(worker) = self.workers.get_mut(receipt.worker()) else {
            return Settled::Lost;
        };
        let Some(note) = worker.surrender(receipt) else {
            return Settled::Lost;
        };
        match &settlement.outcome {
            Outcome::Done | Outcome::Discard => {}
            Outcome::Failed(record) => self.failures.add(record.clone()),
            Outcome::RetryAt { payload, at } => self.delayed.add(*at, note.queue, payload.clone()),
            Outcome::Release => released.push((note.queue, note.job)),
            Outcome::ReleaseAs(payload) => {
                let payload = payload.clone();
                released.push((
                    note.queue,
                    Job {
                        payload,
                        ..note.job
                    },
                ));
            }
            Outcome::Defer(at) => self.delayed.add(*at, note.queue, note.job.payload),
            other => {
                worker.note = Some(note);
                return Settled::Trouble(unknown("settle a job", other));
            }
        }
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
