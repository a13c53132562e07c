//! An exchange as the function in the database takes it.

use std::collections::{BTreeMap, HashSet};

use resque_core::{Result, Settled, Settlement, WorkerId};

use super::part::Part;
use crate::known::Asked;
use crate::settling::{Batch, Step, Steps};
use crate::stamp::Stamp;
use crate::store::Statement;

/// Lists that point into each other, counted from 1 as in SQL.
pub(super) struct Request<'a> {
    /// All workers concerned, in order of their ids.
    ids: Vec<&'a WorkerId>,
    /// For each settlement the worker, the number of the reservation, and the heartbeat that it
    /// depends on.
    done: Vec<i32>,
    numbers: Vec<i64>,
    marks: Vec<i64>,
    steps: Steps<'a>,
    want: Vec<i32>,
    /// When each worker's turn is, by its place in the list of workers.
    ranks: Vec<usize>,
    /// What is known of settlements that are not sent.
    untold: Vec<Settled>,
}

impl<'a> Request<'a> {
    pub(super) fn new(part: &Part<'a>) -> Self {
        let (done, want) = (&part.done, &part.want[..]);
        let slots = Slots::new(done, want);
        let mut request = Self {
            done: Vec::with_capacity(done.len()),
            numbers: Vec::with_capacity(done.len()),
            marks: Vec::with_capacity(done.len()),
            steps: Steps::with_capacity(done.len()),
            want: want.iter().map(|id| slots.of(id)).collect(),
            ranks: vec![usize::MAX; slots.ids.len() + 1],
            untold: Vec::with_capacity(done.len()),
            ids: Vec::new(),
        };
        let mut taken = HashSet::new();
        for (place, settlement) in done.iter().enumerate() {
            let slot = slots.of(settlement.receipt.worker());
            let outcome = match request.settle(slot, settlement, place, &mut taken) {
                Ok(()) => Settled::Lost,
                Err(error) => Settled::Trouble(error),
            };
            request.untold.push(outcome);
        }
        for (turn, slot) in request.want.iter().enumerate() {
            if let Some(rank) = request.ranks.get_mut(index(*slot)) {
                *rank = turn;
            }
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
        self.steps.push(step, place);
        self.done.push(slot);
        self.numbers.push(number);
        self.marks.push(mark);
        taken.insert((slot, number));
        Ok(())
    }

    /// What is known of each settlement before anything is sent; `Lost` where nothing is.
    pub(super) fn untold(&mut self) -> Vec<Settled> {
        std::mem::take(&mut self.untold)
    }

    /// Leaves out what is settled now: only slots are still to be filled.
    pub(super) fn settled(&mut self) {
        self.done.clear();
        self.numbers.clear();
        self.marks.clear();
        self.steps = Steps::default();
    }

    /// Whether leases change with what is settled.
    pub(super) fn changes_leases(&self) -> bool {
        self.steps.changes_leases()
    }

    pub(super) fn bind(&self, statement: Statement, asked: &Asked, now: Stamp) -> Statement {
        let ids: Vec<&str> = self.ids.iter().map(|id| id.as_str()).collect();
        let statement = statement
            .bind(ids)
            .bind(&self.done)
            .bind(&self.numbers)
            .bind(&self.marks);
        let statement = self
            .steps
            .bind(statement)
            .bind(&self.want)
            .bind(&*asked.ids)
            .bind(&asked.from)
            .bind(asked.queues.seen())
            .bind(now);
        self.steps.bind_leases(statement)
    }

    /// Notes for the caller which settlements took effect.
    pub(super) fn note(&self, settled: &[i32], answers: &mut [Settled]) {
        self.steps.note(settled, answers);
    }

    /// The worker at a place in the list of workers.
    pub(super) fn worker(&self, slot: i32) -> Option<&'a WorkerId> {
        let index = usize::try_from(slot).ok()?.checked_sub(1)?;
        self.ids.get(index).copied()
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
    fn new(done: &Batch<'a, Settlement>, want: &[&'a WorkerId]) -> Self {
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
        let mut request = Request::new(&Part::whole(&done, Vec::new()));
        let untold = request.untold();
        let is_trouble = |settled: &Settled| matches!(settled, Settled::Trouble(_));
        let troubles: Vec<bool> = untold.iter().map(is_trouble).collect();
        assert_eq!(troubles, [true, true, true, false]);
        assert_eq!(request.numbers, [7]);
        let mut answers = [const { Settled::Lost }; 4];
        request.note(&[1], &mut answers);
        assert!(matches!(answers[3], Settled::Applied), "{answers:?}");
        assert!(!request.changes_leases());
    }
}
