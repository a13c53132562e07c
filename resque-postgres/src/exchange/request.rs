//! An exchange as the function in the database takes it.

use std::collections::{BTreeMap, HashSet};

use resque_core::{Result, Settled, Settlement, WorkerId};

use super::leases::Leases;
use super::part::Part;
use super::step::{Fate, Step};
use crate::failures::Columns;
use crate::known::Asked;
use crate::stamp::Stamp;
use crate::store::Statement;

/// Lists that point into each other, counted from 1 as in SQL.
pub(super) struct Request<'a> {
    /// All workers concerned, in order of their ids.
    ids: Vec<&'a WorkerId>,
    done: Vec<i32>,
    numbers: Vec<i64>,
    marks: Vec<i64>,
    processed: Vec<i32>,
    failed: Vec<i32>,
    released: Vec<i32>,
    later: Vec<i32>,
    later_due: Vec<Stamp>,
    later_payloads: Vec<Option<&'a [u8]>>,
    bad: Vec<i32>,
    failures: Columns<'a>,
    leases: Leases<'a>,
    want: Vec<i32>,
    /// When each worker's turn is, by its place in the list of workers.
    ranks: Vec<usize>,
    /// The place of each sent settlement in the caller's list.
    places: Vec<usize>,
    /// What is known of settlements that are not sent.
    untold: Vec<Settled>,
}

impl<'a> Request<'a> {
    pub(super) fn new(part: &Part<'a>) -> Self {
        let (done, want) = (&part.done[..], &part.want[..]);
        let slots = Slots::new(done, want);
        let mut request = Self {
            done: Vec::with_capacity(done.len()),
            numbers: Vec::with_capacity(done.len()),
            marks: Vec::with_capacity(done.len()),
            processed: Vec::with_capacity(done.len()),
            failed: Vec::with_capacity(done.len()),
            released: Vec::new(),
            later: Vec::new(),
            later_due: Vec::new(),
            later_payloads: Vec::new(),
            bad: Vec::new(),
            failures: Columns::default(),
            leases: Leases::default(),
            want: Vec::with_capacity(want.len()),
            ranks: vec![usize::MAX; slots.ids.len() + 1],
            places: Vec::with_capacity(done.len()),
            untold: Vec::with_capacity(done.len()),
            ids: Vec::new(),
        };
        let mut taken = HashSet::new();
        for (place, settlement) in done.iter().copied().enumerate() {
            let slot = slots.of(settlement.receipt.worker());
            let outcome = match request.settle(slot, settlement, place, &mut taken) {
                Ok(()) => Settled::Lost,
                Err(error) => Settled::Trouble(error),
            };
            request.untold.push(outcome);
        }
        for id in want {
            let slot = slots.of(id);
            let turn = request.want.len();
            // A slot that is named twice gets one job.
            match request.ranks.get_mut(index(slot)) {
                Some(rank) if *rank == usize::MAX => *rank = turn,
                _ => continue,
            }
            request.want.push(slot);
        }
        request.ids = slots.ids;
        request
    }

    /// Adds one settlement, unless it is certainly lost.
    fn settle(
        &mut self,
        slot: i32,
        settlement: &'a Settlement,
        place: usize,
        taken: &mut HashSet<(i32, i64)>,
    ) -> Result<()> {
        let receipt = &settlement.receipt;
        let number = receipt
            .number()
            .and_then(|number| i64::try_from(number).ok());
        let mark = match receipt.guard() {
            None => Some(0),
            Some(mark) => mark.as_str().parse().ok(),
        };
        let (Some(number), Some(mark)) = (number, mark) else {
            return Ok(());
        };
        if taken.contains(&(slot, number)) {
            // Settled a moment ago, in the same batch.
            return Ok(());
        }
        let step = Step::of(
            "a job",
            &settlement.outcome,
            settlement.leases.as_deref(),
            settlement.tally,
        )?;
        let index = i32::try_from(self.done.len() + 1).unwrap_or(i32::MAX);
        match step.fate {
            Fate::Ends => {}
            Fate::Fails(record) => {
                self.failures.push(&record);
                self.bad.push(index);
            }
            Fate::Waits(due, payload) => {
                self.later.push(index);
                self.later_due.push(due);
                self.later_payloads.push(payload);
            }
            // Other bytes were noted before.
            Fate::Returns(_) => self.released.push(index),
        }
        self.leases.push(index, step.leases);
        self.done.push(slot);
        self.numbers.push(number);
        self.marks.push(mark);
        self.processed.push(step.processed);
        self.failed.push(step.failed);
        self.places.push(place);
        taken.insert((slot, number));
        Ok(())
    }

    /// What is known of each settlement before anything is sent; `Lost` where nothing is.
    pub(super) fn untold(&mut self) -> Vec<Settled> {
        std::mem::take(&mut self.untold)
    }

    /// Leaves out what is settled now: only slots are still to be filled.
    pub(super) fn settled(&mut self) {
        for list in [&mut self.done, &mut self.processed, &mut self.failed] {
            list.clear();
        }
        for list in [&mut self.released, &mut self.later, &mut self.bad] {
            list.clear();
        }
        self.numbers.clear();
        self.marks.clear();
        self.later_due.clear();
        self.later_payloads.clear();
        self.failures = Columns::default();
        self.leases = Leases::default();
        self.places.clear();
    }

    /// Whether leases change with what is settled.
    pub(super) fn changes_leases(&self) -> bool {
        !self.leases.done.is_empty()
    }

    pub(super) fn bind(&self, statement: Statement, asked: &Asked, now: Stamp) -> Statement {
        let ids: Vec<&str> = self.ids.iter().map(|id| id.as_str()).collect();
        let statement = statement
            .bind(ids)
            .bind(&self.done)
            .bind(&self.numbers)
            .bind(&self.marks)
            .bind(&self.processed)
            .bind(&self.failed)
            .bind(&self.released)
            .bind(&self.later)
            .bind(&self.later_due)
            .bind(&self.later_payloads)
            .bind(&self.bad);
        let statement = self
            .failures
            .bind(statement)
            .bind(&self.want)
            .bind(&*asked.ids)
            .bind(&asked.from)
            .bind(asked.queues.seen())
            .bind(now);
        if self.changes_leases() {
            self.leases.bind(statement)
        } else {
            statement
        }
    }

    /// The worker at a place in the list of workers.
    pub(super) fn worker(&self, slot: i32) -> Option<&'a WorkerId> {
        let index = usize::try_from(slot).ok()?.checked_sub(1)?;
        self.ids.get(index).copied()
    }

    /// The place of a sent settlement in the caller's list.
    pub(super) fn place(&self, settled: i32) -> Option<usize> {
        let index = usize::try_from(settled).ok()?.checked_sub(1)?;
        self.places.get(index).copied()
    }

    /// When a worker's turn is, in the caller's order.
    pub(super) fn rank(&self, slot: i32) -> usize {
        self.ranks.get(index(slot)).copied().unwrap_or(usize::MAX)
    }
}

/// The workers of an exchange, in order of their ids, each once.
struct Slots<'a> {
    ids: Vec<&'a WorkerId>,
    places: BTreeMap<&'a WorkerId, i32>,
}

impl<'a> Slots<'a> {
    fn new(done: &[&'a Settlement], want: &[&'a WorkerId]) -> Self {
        let settling = done.iter().map(|settlement| settlement.receipt.worker());
        let wanting = want.iter().copied();
        let mut places: BTreeMap<_, _> = settling.chain(wanting).map(|id| (id, 0)).collect();
        for (place, number) in (1..).zip(places.values_mut()) {
            *number = place;
        }
        let ids = places.keys().copied().collect();
        Self { ids, places }
    }

    fn of(&self, id: &WorkerId) -> i32 {
        self.places.get(id).copied().unwrap_or(0)
    }
}

/// A place of SQL as an index; none is beyond every list.
fn index(place: i32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use resque_core::{FailureRecord, Lease, LeaseChanges, Payload, Receipt};

    use super::*;

    /// A time that Postgres cannot hold.
    fn too_far() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(10_000_000_000_000)
    }

    #[test]
    fn a_settlement_that_cannot_be_sent_leaves_nothing_to_the_next_one() {
        let worker = |number| WorkerId::compose("host", "a1b2c", 1, number, "*").unwrap();
        let receipt = |number| Receipt::numbered(worker(number), 7);
        let record = FailureRecord::new(UNIX_EPOCH, Payload::from("{}"), "E", "e");
        let lease = Lease::new("name", "holder");
        let unsendable = LeaseChanges {
            free: vec![lease.clone()],
            keep: vec![lease.until(UNIX_EPOCH), lease.until(too_far())],
        };
        let mut done = vec![
            Settlement::failed(receipt(0), record),
            Settlement::retry_at(receipt(1), Payload::from("{}"), UNIX_EPOCH),
            Settlement::release(receipt(2)),
        ];
        for settlement in &mut done {
            settlement.leases = Some(Box::new(unsendable.clone()));
        }
        done.push(Settlement::done(receipt(3)));
        let mut request = Request::new(&Part::whole(&done, &[]));
        let untold = request.untold();
        let is_trouble = |settled: &Settled| matches!(settled, Settled::Trouble(_));
        let troubles: Vec<bool> = untold.iter().map(is_trouble).collect();
        assert_eq!(troubles, [true, true, true, false]);
        assert_eq!(request.numbers, [7]);
        assert_eq!(request.places, [3]);
        for list in [&request.bad, &request.later, &request.released] {
            assert_eq!(*list, [0; 0]);
        }
        assert!(!request.changes_leases());
    }
}
