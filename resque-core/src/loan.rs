//! Jobs in the hands of somebody who is no worker.

use std::time::{Duration, SystemTime};

use crate::opaque::opaque;
use crate::{
    Cursor, Error, HttpWorkerId, LeaseChanges, Outcome, Payload, QueueList, QueueName, Tally,
};

/// The most jobs that are lent, settled, extended, put back or listed with one call.
pub const LARGEST_LENDING: usize = 1_000;

/// For how long it is remembered that a loan of a job ran out.
pub const LOSSES_KEPT: Duration = Duration::from_secs(86_400);

opaque! {
    /// The right to settle one loan, as a text that travels through programs in any language.
    ///
    /// It is worth something only while the store still holds this loan and its time is not over.
    pub struct LoanReceipt;
}

/// Which jobs somebody wants to be lent, and until when.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LoanRequest<'a> {
    /// The queues, strictly in order.
    pub from: &'a QueueList,
    /// How many jobs at most; more than [`LARGEST_LENDING`] are not lent at once.
    pub at_most: usize,
    /// When the jobs go back by themselves, in store time.
    pub until: SystemTime,
    /// Who asks, if it says so: shown on pages, and what is done is counted for it if it is among
    /// the [`crate::HttpWorkers`].
    pub holder: Option<&'a HttpWorkerId>,
}

impl<'a> LoanRequest<'a> {
    /// At most so many jobs from these queues, until a time.
    #[must_use]
    pub fn new(from: &'a QueueList, at_most: usize, until: SystemTime) -> Self {
        Self {
            from,
            at_most,
            until,
            holder: None,
        }
    }

    /// The same for somebody with a name.
    #[must_use]
    pub fn by(self, holder: Option<&'a HttpWorkerId>) -> Self {
        Self { holder, ..self }
    }
}

/// A job that is lent until a time, and then goes back by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loan {
    /// What settles it.
    pub receipt: LoanReceipt,
    /// The queue it came from.
    pub queue: QueueName,
    /// Its bytes.
    pub payload: Payload,
    /// Since when it is lent, in store time.
    pub since: SystemTime,
    /// When it goes back by itself.
    pub until: SystemTime,
    /// 1, and 1 more for each time that a loan of this job ran out before. A job that costs its
    /// holders their lives shows by it; whoever lends it decides after how many times it is enough.
    /// Jobs of one queue with the same bytes share the count; a settlement forgets it, and so does
    /// [`LOSSES_KEPT`] without another loss.
    pub attempt: u32,
    /// Who has it, if that was said.
    pub holder: Option<HttpWorkerId>,
}

impl Loan {
    /// Made by backends: a first loan to nobody in particular.
    #[must_use]
    pub fn new(
        receipt: LoanReceipt,
        queue: QueueName,
        payload: Payload,
        since: SystemTime,
        until: SystemTime,
    ) -> Self {
        Self {
            receipt,
            queue,
            payload,
            since,
            until,
            attempt: 1,
            holder: None,
        }
    }

    /// The same as the loan of somebody, for which it is not the first one.
    #[must_use]
    pub fn by(self, holder: Option<HttpWorkerId>, attempt: u32) -> Self {
        Self {
            holder,
            attempt,
            ..self
        }
    }
}

/// The answer to a request for loans.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Lent {
    /// The jobs, in the order in which they left their queues.
    pub loans: Vec<Loan>,
    /// When the next of all loans of the store runs out, so that whoever waits for a job looks
    /// again then.
    pub next_over: Option<SystemTime>,
    /// Whether reserving is paused for everybody.
    pub paused: bool,
    /// Queues that could not be read, each with its place; the others were served.
    pub troubles: Vec<Error>,
}

/// The end of one loan: which one, how it ended, and what is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct LoanSettlement {
    /// Which loan.
    pub receipt: LoanReceipt,
    /// Where the job goes.
    pub outcome: Outcome,
    /// What is counted in the same step: in total, for the queue and for the holder.
    pub tally: Tally,
    /// What becomes of leases (the locks of unique jobs) in the same step; only for stores that
    /// offer [`crate::Limits`].
    pub leases: Option<Box<LeaseChanges>>,
}

impl LoanSettlement {
    /// Where the job goes and what is counted.
    #[must_use]
    pub fn new(receipt: LoanReceipt, outcome: Outcome, tally: Tally) -> Self {
        Self {
            receipt,
            outcome,
            tally,
            leases: None,
        }
    }

    /// The job was performed.
    #[must_use]
    pub fn done(receipt: LoanReceipt) -> Self {
        Self::new(receipt, Outcome::Done, Tally::Processed)
    }

    /// The job goes back to the front of its queue as if it had never been lent.
    #[must_use]
    pub fn release(receipt: LoanReceipt) -> Self {
        Self::new(receipt, Outcome::Release, Tally::Nothing)
    }

    /// The same with changes of leases.
    #[must_use]
    pub fn with_leases(self, changes: LeaseChanges) -> Self {
        let leases = Some(Box::new(changes)).filter(|changes| !changes.is_empty());
        Self { leases, ..self }
    }
}

/// A loan that is to last until a later time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoanExtension {
    /// Which loan.
    pub receipt: LoanReceipt,
    /// Until when; never for a shorter time than before.
    pub until: SystemTime,
}

/// What was put back.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PutBack {
    /// How many jobs went back to their queues.
    pub jobs: usize,
    /// When the next loan runs out, if there is one; a time that has passed if there was more to put
    /// back than was asked for.
    pub next_over: Option<SystemTime>,
    /// Loans that could not be put back, each with its place. They stay where they are.
    pub troubles: Vec<Error>,
}

/// One page of loans, those that run out first at the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoanPage {
    /// The loans.
    pub loans: Vec<Loan>,
    /// Where to go on, if there is more.
    pub next: Option<Cursor>,
}

impl LoanPage {
    /// Made by backends.
    #[must_use]
    pub fn new(loans: Vec<Loan>, next: Option<Cursor>) -> Self {
        Self { loans, next }
    }
}
