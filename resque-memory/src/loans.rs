//! Jobs that are lent until a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Bound;
use std::time::SystemTime;

use async_trait::async_trait;
use foldhash::fast::FixedState;
use resque_core::{
    Cursor, HttpWorkerId, JobLoans, LARGEST_LENDING, LOSSES_KEPT, Lent, Loan, LoanExtension,
    LoanPage, LoanReceipt, LoanRequest, LoanSettlement, Outcome, Payload, PutBack, QueueName,
    Result, Settled,
};

use crate::delayed::{Place, cursor_behind, place_of};
use crate::exchange::{Places, Released, is_known};
use crate::jobs::Job;
use crate::store::{State, Store, unknown};

/// The loans, by their numbers and by their ends.
pub(crate) struct Loans {
    loans: BTreeMap<u64, Lending>,
    ends: BTreeSet<Place>,
    /// How often loans of a job ran out, and when the last of them did.
    lost: HashMap<(QueueName, Payload), (u32, SystemTime), FixedState>,
    last: u64,
}

/// One job that is lent.
struct Lending {
    queue: QueueName,
    job: Job,
    since: SystemTime,
    until: SystemTime,
    attempt: u32,
    holder: Option<HttpWorkerId>,
}

impl Default for Loans {
    /// Numbers begin anywhere: a borrower may outlive the process, and its receipt must not fit a job
    /// of the next one.
    fn default() -> Self {
        Self {
            loans: BTreeMap::new(),
            ends: BTreeSet::new(),
            lost: HashMap::default(),
            last: RandomState::new().hash_one(()) >> 11,
        }
    }
}

impl Loans {
    /// Takes everything out; numbers go on.
    pub(crate) fn clear_all(&mut self) -> Self {
        let last = self.last;
        std::mem::replace(
            self,
            Self {
                last,
                ..Self::default()
            },
        )
    }

    /// The names of what is there, as keys.
    pub(crate) fn keys(&self, keys: &mut Vec<String>) {
        if !self.loans.is_empty() {
            keys.extend(["rs:loans", "rs:loans:jobs"].map(str::to_owned));
        }
        if !self.lost.is_empty() {
            keys.extend(["rs:loans:lost", "rs:loans:losses"].map(str::to_owned));
        }
    }

    fn next_over(&self) -> Option<SystemTime> {
        self.ends.first().map(|(until, _)| *until)
    }

    fn add(&mut self, lending: Lending) -> Loan {
        self.last += 1;
        let shown = lending.shown(self.last);
        self.ends.insert((lending.until, self.last));
        self.loans.insert(self.last, lending);
        shown
    }

    /// The number of a loan that is not over.
    fn number_of(&self, receipt: &LoanReceipt, now: SystemTime) -> Option<u64> {
        let number: u64 = receipt.as_str().parse().ok()?;
        // `+1` and `01` are no receipts.
        if number.to_string() != receipt.as_str() {
            return None;
        }
        let alive = self.loans.get(&number)?.until > now;
        alive.then_some(number)
    }

    fn find(&self, receipt: &LoanReceipt, now: SystemTime) -> Option<Loan> {
        let number = self.number_of(receipt, now)?;
        Some(self.loans.get(&number)?.shown(number))
    }

    fn remove(&mut self, number: u64) -> Option<Lending> {
        let lending = self.loans.remove(&number)?;
        self.ends.remove(&(lending.until, number));
        Some(lending)
    }

    fn extend(&mut self, extension: &LoanExtension, now: SystemTime) -> bool {
        let Some(number) = self.number_of(&extension.receipt, now) else {
            return false;
        };
        if let Some(lending) = self.loans.get_mut(&number)
            && lending.until < extension.until
        {
            self.ends.remove(&(lending.until, number));
            lending.until = extension.until;
            self.ends.insert((lending.until, number));
        }
        true
    }

    /// Which loan of this job it would be.
    fn attempt(&self, queue: &QueueName, payload: &Payload, now: SystemTime) -> u32 {
        if self.lost.is_empty() {
            return 1;
        }
        let lost = self.lost.get(&(queue.clone(), payload.clone()));
        let fresh = lost.filter(|(_, last)| is_fresh(*last, now));
        fresh.map_or(1, |(times, _)| times.saturating_add(1))
    }

    fn note_loss(&mut self, queue: &QueueName, payload: &Payload, now: SystemTime) {
        let times = self.attempt(queue, payload, now);
        let job = (queue.clone(), payload.clone());
        self.lost.insert(job, (times, now));
    }

    fn forget_losses(&mut self, queue: &QueueName, payload: &Payload) {
        if !self.lost.is_empty() {
            self.lost.remove(&(queue.clone(), payload.clone()));
        }
    }

    fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<LoanPage> {
        let after = cursor.map(place_of).transpose()?;
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.ends.range((start, Bound::Unbounded)).peekable();
        let page: Vec<&Place> = rest.by_ref().take(at_most).collect();
        let next = page.last().filter(|_| rest.peek().is_some());
        let next = next.map(|place| cursor_behind(**place));
        let shown = |(_, number): &&Place| Some(self.loans.get(number)?.shown(*number));
        Ok(LoanPage::new(page.iter().filter_map(shown).collect(), next))
    }
}

/// Whether a loss is still remembered.
fn is_fresh(last: SystemTime, now: SystemTime) -> bool {
    last.checked_add(LOSSES_KEPT).is_none_or(|end| end > now)
}

impl Lending {
    fn shown(&self, number: u64) -> Loan {
        let receipt = LoanReceipt::new(number.to_string());
        let (queue, payload) = (self.queue.clone(), self.job.payload.clone());
        Loan::new(receipt, queue, payload, self.since, self.until)
            .by(self.holder.clone(), self.attempt)
    }
}

impl State {
    fn lend(&mut self, request: &LoanRequest<'_>, now: SystemTime) -> Lent {
        self.put_back(LARGEST_LENDING, now);
        let mut lent = Lent::default();
        lent.paused = self.queues.paused;
        if !lent.paused {
            let at_most = request.at_most.min(LARGEST_LENDING);
            let loans = &mut self.loans;
            lent.loans = self.queues.take_out(request.from, at_most, |queue, job| {
                let attempt = loans.attempt(queue, &job.payload, now);
                loans.add(Lending {
                    queue: queue.clone(),
                    job,
                    since: now,
                    until: request.until,
                    attempt,
                    holder: request.holder.cloned(),
                })
            });
        }
        lent.next_over = self.loans.next_over();
        lent
    }

    fn settle_loans(&mut self, done: &[LoanSettlement], now: SystemTime) -> Vec<Settled> {
        let mut released = Released::new();
        let settle = |settlement| self.settle_loan(settlement, now, &mut released);
        let settled = done.iter().map(settle).collect();
        self.queues.release(released);
        settled
    }

    fn settle_loan(
        &mut self,
        settlement: &LoanSettlement,
        now: SystemTime,
        released: &mut Released,
    ) -> Settled {
        let outcome = &settlement.outcome;
        if !is_known(outcome) {
            return Settled::Trouble(unknown("settle a loan", outcome));
        }
        let number = self.loans.number_of(&settlement.receipt, now);
        let Some(lending) = number.and_then(|number| self.loans.remove(number)) else {
            return Settled::Lost;
        };
        if !matches!(outcome, Outcome::Release | Outcome::ReleaseAs(_)) {
            let payload = &lending.job.payload;
            self.loans.forget_losses(&lending.queue, payload);
        }
        self.counters.tallies.count(settlement.tally);
        let holder = lending.holder.as_ref();
        self.http
            .count_settlement(&lending.queue, holder, settlement.tally, now);
        if let Some(changes) = &settlement.leases {
            self.counted.change(changes);
        }
        let mut places = Places {
            failures: &mut self.failures,
            delayed: &mut self.delayed,
            released,
        };
        places.put(outcome, lending.queue, lending.job);
        Settled::Applied
    }

    fn put_back(&mut self, at_most: usize, now: SystemTime) -> PutBack {
        let over = self
            .loans
            .ends
            .iter()
            .take_while(|(until, _)| *until <= now);
        let mut numbers: Vec<u64> = over.take(at_most).map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        let mut released = Released::new();
        for number in numbers {
            if let Some(lending) = self.loans.remove(number) {
                let payload = &lending.job.payload;
                self.loans.note_loss(&lending.queue, payload, now);
                released.push((lending.queue, lending.job));
            }
        }
        let mut answer = PutBack::default();
        answer.jobs = released.len();
        answer.next_over = self.loans.next_over();
        if !released.is_empty() {
            self.queues.release(released);
            self.loans.lost.retain(|_, (_, last)| is_fresh(*last, now));
        }
        answer
    }
}

#[async_trait]
impl JobLoans for Store {
    async fn lend(&self, request: &LoanRequest<'_>, now: SystemTime) -> Result<Lent> {
        Ok(self.step(|state| state.lend(request, now)))
    }

    async fn settle(&self, done: &[LoanSettlement], now: SystemTime) -> Result<Vec<Settled>> {
        Ok(self.step(|state| state.settle_loans(done, now)))
    }

    async fn extend(&self, loans: &[LoanExtension], now: SystemTime) -> Result<Vec<bool>> {
        Ok(self.step(|state| {
            let extend = |extension| state.loans.extend(extension, now);
            loans.iter().map(extend).collect()
        }))
    }

    async fn find(&self, receipts: &[LoanReceipt], now: SystemTime) -> Result<Vec<Option<Loan>>> {
        Ok(self.step(|state| {
            let find = |receipt| state.loans.find(receipt, now);
            receipts.iter().map(find).collect()
        }))
    }

    async fn put_back(&self, at_most: usize, now: SystemTime) -> Result<PutBack> {
        Ok(self.step(|state| state.put_back(at_most, now)))
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.step(|state| state.loans.loans.len()) as u64)
    }

    async fn list(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
        now: SystemTime,
    ) -> Result<LoanPage> {
        self.step(|state| {
            state.put_back(LARGEST_LENDING, now);
            state.loans.list(cursor, at_most)
        })
    }
}
