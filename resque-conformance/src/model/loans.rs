//! Loans in a history: what the model says of them, and how they are played.

use std::collections::BTreeMap;

use resque_core::testing::{Fault, Operation};
use resque_core::{
    LoanExtension, LoanReceipt, LoanRequest, LoanSettlement, Outcome, QueueList, Settled, Tally,
};

use super::history::{End, LISTS, QUEUES};
use super::player::Player;
use super::reference::Model;
use crate::Verdict;
use crate::store::{job, list, number};

/// A job that is lent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lent {
    pub(super) queue: usize,
    pub(super) number: u64,
    pub(super) until: u64,
    pub(super) attempt: u32,
    /// Tells this loan from all others.
    pub(super) serial: u64,
}

/// What is lent, in the order of lending, and how often loans of a job ran out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Loans {
    pub(super) lent: Vec<Lent>,
    losses: BTreeMap<(usize, u64), u32>,
    serial: u64,
}

impl Loans {
    /// The loans, those that run out first at the top.
    fn by_end(&self) -> Vec<&Lent> {
        let mut loans: Vec<_> = self.lent.iter().collect();
        loans.sort_by_key(|loan| (loan.until, loan.serial));
        loans
    }

    fn held(&self, serial: u64, now: u64) -> Option<usize> {
        let held = |loan: &Lent| loan.serial == serial && loan.until > now;
        self.lent.iter().position(held)
    }
}

impl Model {
    /// Puts back what is over, then lends.
    fn lend(&mut self, from: &QueueList, count: usize, now: u64, until: u64) -> Vec<Lent> {
        self.put_back(usize::MAX, now);
        let mut given = Vec::new();
        while given.len() < count && !self.paused {
            let Some((queue, number)) = self.next(from) else {
                break;
            };
            self.loans.serial += 1;
            let losses = self.loans.losses.get(&(queue, number));
            given.push(Lent {
                queue,
                number,
                until,
                attempt: 1 + losses.copied().unwrap_or(0),
                serial: self.loans.serial,
            });
        }
        self.loans.lent.extend(given.iter().cloned());
        given
    }

    /// Puts back what is over; answers how many jobs that were.
    fn put_back(&mut self, at_most: usize, now: u64) -> usize {
        let over = self.loans.by_end().into_iter();
        let over = over.filter(|loan| loan.until <= now).take(at_most);
        let mut over: Vec<Lent> = over.cloned().collect();
        over.sort_by_key(|loan| std::cmp::Reverse(loan.serial));
        for loan in &over {
            self.loans.lent.retain(|other| other.serial != loan.serial);
            *self
                .loans
                .losses
                .entry((loan.queue, loan.number))
                .or_default() += 1;
            let queue = self.queues.entry(loan.queue).or_default();
            queue.push_front(loan.number);
        }
        over.len()
    }

    /// Ends a loan; answers whether it was still held.
    fn end_loan(&mut self, serial: u64, end: End, due: u64, now: u64) -> bool {
        let Some(place) = self.loans.held(serial, now) else {
            return false;
        };
        let Lent { queue, number, .. } = self.loans.lent.remove(place);
        if !matches!(end, End::Release) {
            self.loans.losses.remove(&(queue, number));
        }
        self.end(queue, number, end, due);
        true
    }
}

impl Player {
    /// Somebody borrows jobs for so many seconds; the reply may be lost.
    pub(super) async fn lend(
        &mut self,
        at: usize,
        count: usize,
        seconds: u64,
        lost: bool,
    ) -> Verdict {
        let (from, until) = (list(LISTS[at]), self.now + seconds);
        let expected = self.model.lend(&from, count, self.now, until);
        let (lossy, faults) = &self.lossy[at % self.lossy.len()];
        if lost {
            faults.next(Operation::Lend, Fault::ReplyLost);
        }
        let request = LoanRequest::new(&from, count, self.store.at(until));
        let answer = lossy.loans()?.lend(&request, self.store.at(self.now)).await;
        if lost {
            ensure!(answer.is_err(), "the reply was to be lost");
            return Ok(());
        }
        let lent = answer?.loans;
        let told: Vec<_> = lent
            .iter()
            .map(|loan| (number(&loan.payload), loan.attempt))
            .collect();
        let model = expected.iter();
        let model: Vec<_> = model
            .map(|loan| (Some(loan.number), loan.attempt))
            .collect();
        ensure_eq!(told, model, "what was lent");
        let receipts = lent.into_iter().map(|loan| loan.receipt);
        let serials = expected.into_iter().map(|loan| loan.serial);
        self.receipts.extend(receipts.zip(serials));
        Ok(())
    }

    /// The borrower with the receipt at this place, old ones too, ends its loan.
    pub(super) async fn end_loan(&mut self, place: usize, end: End, lost: bool) -> Verdict {
        let Some((receipt, serial)) = self.receipts.get(place).cloned() else {
            return Ok(());
        };
        let after = match end {
            End::RetryAfter(after) | End::DeferFor(after) => after,
            _ => 0,
        };
        let due = self.model.free_time(self.now + after);
        let done = [self.loan_settlement(receipt, serial, end, due)];
        let expected = self.model.end_loan(serial, end, due, self.now);
        let (lossy, faults) = &self.lossy[place % self.lossy.len()];
        if lost {
            faults.next(Operation::SettleLoans, Fault::ReplyLost);
        }
        let answer = lossy.loans()?.settle(&done, self.store.at(self.now)).await;
        if lost {
            ensure!(answer.is_err(), "the reply was to be lost");
            return Ok(());
        }
        let applied = matches!(answer?[..], [Settled::Applied]);
        ensure_eq!(
            applied,
            expected,
            "whether the settlement of the loan applied"
        );
        Ok(())
    }

    fn loan_settlement(
        &self,
        receipt: LoanReceipt,
        serial: u64,
        end: End,
        due: u64,
    ) -> LoanSettlement {
        // What the borrower was doing, whether it still has it or not.
        let lent = self.model.loans.lent.iter();
        let mut lent = lent.filter(|loan| loan.serial == serial);
        let (from, number) = lent.next().map_or((0, 0), |loan| (loan.queue, loan.number));
        let due = self.store.at(due);
        let outcome = match end {
            End::Done => Outcome::Done,
            End::Failed => Outcome::Failed(Box::new(self.store.record_of(QUEUES[from], number))),
            End::Release => Outcome::Release,
            End::Discard => Outcome::Discard,
            End::RetryAfter(_) => Outcome::RetryAt {
                payload: job(number),
                at: due,
            },
            End::DeferFor(_) => Outcome::Defer(due),
        };
        let tally = match (end.counts_processed(), end.counts_failed()) {
            (true, true) => Tally::ProcessedAndFailed,
            (true, false) => Tally::Processed,
            _ => Tally::Nothing,
        };
        LoanSettlement::new(receipt, outcome, tally)
    }

    /// The borrower with the receipt at this place extends its loan to so many seconds from now.
    pub(super) async fn extend_loan(&mut self, place: usize, seconds: u64) -> Verdict {
        let Some((receipt, serial)) = self.receipts.get(place).cloned() else {
            return Ok(());
        };
        let until = self.now + seconds;
        let held = self.model.loans.held(serial, self.now);
        if let Some(place) = held {
            let loan = &mut self.model.loans.lent[place];
            loan.until = loan.until.max(until);
        }
        let until = self.store.at(until);
        let extension = LoanExtension { receipt, until };
        let now = self.store.at(self.now);
        let extended = self.store.loans()?.extend(&[extension], now).await?;
        ensure_eq!(extended, [held.is_some()], "whether the loan was extended");
        Ok(())
    }

    /// A janitor puts back what is over.
    pub(super) async fn put_back_loans(&mut self, at_most: usize) -> Verdict {
        let expected = self.model.put_back(at_most, self.now);
        let now = self.store.at(self.now);
        let put_back = self.store.loans()?.put_back(at_most, now).await?;
        ensure_eq!(put_back.jobs, expected, "jobs put back");
        Ok(())
    }

    /// What is lent must be as in the model.
    pub(super) async fn compare_loans(&self) -> Verdict {
        // Nothing is over at the beginning of the world, so that looking changes nothing.
        let lent = self.store.all_lent(0).await?;
        let lent: Vec<_> = lent
            .iter()
            .map(|loan| (number(&loan.payload), loan.until, loan.attempt))
            .collect();
        let expected = self.model.loans.by_end().into_iter();
        let expected: Vec<_> = expected
            .map(|loan| (Some(loan.number), self.store.at(loan.until), loan.attempt))
            .collect();
        ensure_eq!(lent, expected, "what is lent");
        Ok(())
    }
}
