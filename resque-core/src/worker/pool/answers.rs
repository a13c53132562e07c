//! What a pool makes of the answer to an exchange.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Pool;
use super::tally::Settlements;
use crate::worker::exchange::{Answer, Batch, Round};
use crate::worker::operation::Operation;
use crate::worker::running::Running;
use crate::worker::slots::Doing;
use crate::worker::supervisor::Note;
use crate::{Error, Exchange, Reservation, Settled, Ticket, WorkerId};

impl Pool {
    pub(super) fn take_answer(&mut self, answer: Answer) {
        let Answer {
            round,
            connection,
            ticket,
            result,
        } = answer;
        self.in_flight_jobs -= round.batch.len();
        match result {
            Ok(exchange) => {
                self.link.worked();
                self.backoff.reset();
                self.take_exchange(round, ticket, exchange);
            }
            Err(error) => {
                self.take_back(round, matches!(error, Error::OutcomeUnknown { .. }));
                self.look_again();
                self.recover(connection, Operation::EXCHANGE_JOBS, error);
            }
        }
    }

    /// Puts everything back that a failed exchange carried. If it may have been executed, its slots
    /// ask again under the same ids, and its settlements may turn out to be lost.
    fn take_back(&mut self, mut round: Round, unknown: bool) {
        let mut table = self.core.slots.lock();
        for ended in round.batch.jobs() {
            let doing = Doing::Settling(ended.running.clone());
            table.set(ended.running.slot, doing);
        }
        let ended: Vec<usize> = round
            .batch
            .jobs()
            .iter()
            .map(|job| job.running.slot)
            .collect();
        for (place, slot) in round.slots.iter().copied().enumerate() {
            let unsure = unknown || place < round.asked_before;
            if !unsure {
                table.answered(slot);
            }
            if !ended.contains(&slot) {
                if unsure {
                    self.unsure.push(slot);
                } else {
                    self.free.push(slot);
                }
            }
        }
        drop(table);
        if unknown {
            round.batch.doubt();
        }
        round.batch.append(std::mem::take(&mut self.ended));
        self.ended = round.batch;
    }

    fn take_exchange(&mut self, round: Round, ticket: Option<Ticket>, exchange: Exchange) {
        for error in exchange.troubles {
            self.link.failed(Operation::TAKE_JOBS, error);
        }
        let asked = round.slots.len();
        let given = exchange.reserved.len();
        let kept = self.take_settled(round.batch, exchange.settled, asked > 0);
        self.take_reserved(&round.slots, &round.want, exchange.reserved, &kept);
        if asked == 0 {
            return;
        }
        if given > 0 {
            self.pacer.busy();
            self.set_busy();
        }
        self.feed(given >= asked, ticket);
    }

    /// Answers the slots whose jobs the store could not settle; they stay taken.
    fn take_settled(&mut self, batch: Batch, settled: Vec<Settled>, asked: bool) -> Vec<usize> {
        let mut kept = Vec::new();
        let mut tally = Settlements::default();
        let mut table = self.core.slots.lock();
        let missing = || Settled::Trouble(unanswered());
        let answers = settled.into_iter().chain(std::iter::repeat_with(missing));
        for ((ended, settlement), answer) in batch.into_each().zip(answers) {
            let slot = ended.running.slot;
            match answer {
                Settled::Trouble(error) => {
                    table.set(slot, Doing::Settling(ended.running.clone()));
                    kept.push(slot);
                    self.link.failed(Operation::SETTLE_A_JOB, error);
                    self.troubled.add(ended, settlement);
                    continue;
                }
                Settled::Lost if !ended.uncertain => tally.lost(&self.core, &ended),
                Settled::Applied | Settled::Lost => {
                    tally.applied(&self.core, &ended, &settlement);
                }
            }
            if !asked {
                table.set(slot, Doing::Nothing);
                if table.is_asking(slot) {
                    self.unsure.push(slot);
                } else {
                    self.free.push(slot);
                }
            }
        }
        drop(table);
        tally.tell(&self.core);
        if !kept.is_empty() && self.trouble_wait.is_none() {
            let wait = self.trouble_backoff.wait();
            self.trouble_wait = Some(self.core.clock.sleep(wait));
        } else if kept.is_empty() && tally.any() {
            self.trouble_backoff.reset();
        }
        kept
    }

    /// Starts the jobs that were given out and frees the slots that got none.
    fn take_reserved(
        &mut self,
        slots: &[usize],
        want: &[WorkerId],
        reserved: Vec<Reservation>,
        kept: &[usize],
    ) {
        if slots.is_empty() {
            return;
        }
        let since = self.core.clock.monotonic();
        let mut number = self.core.numbers(reserved.len());
        let mut jobs: Vec<Option<Arc<Running>>> = Vec::new();
        jobs.resize_with(slots.len(), || None);
        let mut order = Vec::with_capacity(reserved.len());
        let mut next = 0;
        for reservation in reserved {
            let Some(place) = find(want, next, &reservation) else {
                self.link.failed(Operation::TAKE_JOBS, stray(&reservation));
                continue;
            };
            next = place + 1;
            let slot = slots[place];
            if kept.contains(&slot) || jobs[place].is_some() {
                // Its job has ended already and is still to be settled.
                continue;
            }
            let running = Running::new((self.index, slot), number, since, reservation);
            number += 1;
            let running = Arc::new(running);
            order.push(running.clone());
            jobs[place] = Some(running);
        }
        let mut table = self.core.slots.lock();
        for (slot, job) in slots.iter().copied().zip(jobs) {
            table.answered(slot);
            match job {
                Some(running) => table.set(slot, Doing::Running(running)),
                None if kept.contains(&slot) => {}
                None => {
                    table.set(slot, Doing::Nothing);
                    self.free.push(slot);
                }
            }
        }
        drop(table);
        self.start(order);
    }

    fn start(&mut self, jobs: Vec<Arc<Running>>) {
        if jobs.is_empty() {
            return;
        }
        if self.core.phase().is_leaving() {
            // They came too late to be started; they go back at once.
            return self.release(jobs);
        }
        let jobs = self.claim(jobs);
        self.hand_over(jobs);
    }

    /// Gives jobs to those who perform them.
    pub(super) fn hand_over(&mut self, jobs: Vec<Arc<Running>>) {
        if jobs.is_empty() {
            return;
        }
        if self.core.phase().is_leaving() {
            return self.release(jobs);
        }
        self.running += jobs.len();
        self.drained = false;
        if let Err(mpsc::error::SendError(jobs)) = self.jobs.send(jobs) {
            self.running -= jobs.len();
            self.abandoned.extend(jobs);
            let _ = self.notes.send(Note::NoRuntime);
        }
    }
}

/// Where the slot stands that a reservation names; answers come in the order of the question,
/// except for those given out once more.
fn find(want: &[WorkerId], next: usize, reservation: &Reservation) -> Option<usize> {
    let is_it = |id: &WorkerId| *id == reservation.worker;
    let behind = want.get(next..)?.iter().position(is_it);
    behind
        .map(|place| next + place)
        .or_else(|| want.iter().position(is_it))
}

fn unanswered() -> Error {
    Error::Corrupt {
        place: "the answer to an exchange".to_owned(),
        found: "fewer answers than settlements".to_owned(),
        expected: "one for each".to_owned(),
    }
}

fn stray(reservation: &Reservation) -> Error {
    Error::Corrupt {
        place: format!("the answer to an exchange over {}", reservation.queue),
        found: format!("a job for {}", reservation.worker),
        expected: "jobs for the slots that asked".to_owned(),
    }
}
