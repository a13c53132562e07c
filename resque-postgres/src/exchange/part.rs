//! Parts of an exchange, where the whole was refused because of some of it.

use std::collections::{HashMap, HashSet};

use resque_core::{Error, Exchange, Outcome, Settled, Settlement, WorkerId};

/// Some settlements of an exchange and the slots to be filled with them. A slot whose own job is
/// settled too is filled where that is settled, or it would get the same job again.
pub(super) struct Part<'a> {
    /// Where each settlement stands in the whole.
    places: Vec<usize>,
    pub(super) done: Vec<&'a Settlement>,
    pub(super) want: Vec<&'a WorkerId>,
}

impl<'a> Part<'a> {
    /// All of it.
    pub(super) fn whole(done: &'a [Settlement], want: &'a [WorkerId]) -> Self {
        Self {
            places: (0..done.len()).collect(),
            done: done.iter().collect(),
            want: want.iter().collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.want.is_empty()
    }

    /// How many bytes of payloads and texts the rows have that it writes.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |one: &&Settlement| match &one.outcome {
            Outcome::Failed(record) => {
                let texts = record.backtrace.iter().chain([&record.error]);
                record.payload.as_bytes().len() + texts.map(String::len).sum::<usize>()
            }
            Outcome::RetryAt { payload, .. } | Outcome::ReleaseAs(payload) => {
                payload.as_bytes().len()
            }
            _ => 0,
        };
        self.done.iter().map(bytes).sum()
    }

    /// Whether one of it hinders another.
    pub(super) fn is_several(&self) -> bool {
        let mut ids: HashSet<&WorkerId> = self.want.iter().copied().collect();
        ids.extend(self.done.iter().map(|one| one.receipt.worker()));
        !self.done.is_empty() && (self.done.len() > 1 || ids.len() > 1)
    }

    /// Those settlements that only take away, with the slots that none of the others is about; and
    /// the others, which write rows that may be refused.
    pub(super) fn by_kind(self) -> (Self, Self) {
        self.divided(|_, one| matches!(one.outcome, Outcome::Done | Outcome::Discard))
    }

    /// Two halves.
    pub(super) fn halves(self) -> (Self, Self) {
        let middle = self.done.len().div_ceil(2);
        self.divided(|place, _| place < middle)
    }

    /// A slot of both parts is filled with the second one, which comes later.
    fn divided(self, is_first: impl Fn(usize, &Settlement) -> bool) -> (Self, Self) {
        let empty = || Self {
            places: Vec::new(),
            done: Vec::new(),
            want: Vec::new(),
        };
        let (mut first, mut second) = (empty(), empty());
        for (index, (place, one)) in self.places.into_iter().zip(self.done).enumerate() {
            let part = match is_first(index, one) {
                true => &mut first,
                false => &mut second,
            };
            part.places.push(place);
            part.done.push(one);
        }
        let later: HashSet<_> = second.done.iter().map(|one| one.receipt.worker()).collect();
        let (with_second, with_first) = self.want.into_iter().partition(|id| later.contains(id));
        (first.want, second.want) = (with_first, with_second);
        (first, second)
    }
}

/// What the parts have answered so far.
pub(super) struct Gathered {
    answer: Exchange,
    /// Whether anything was done.
    pub(super) any: bool,
}

impl Gathered {
    pub(super) fn of(whole: &Part<'_>) -> Self {
        let mut answer = Exchange::default();
        answer
            .settled
            .resize_with(whole.done.len(), || Settled::Lost);
        Self { answer, any: false }
    }

    /// A part was done.
    pub(super) fn add(&mut self, part: &Part<'_>, answer: Exchange) {
        self.any = true;
        for (place, settled) in part.places.iter().zip(answer.settled) {
            self.put(*place, settled);
        }
        self.answer.reserved.extend(answer.reserved);
        self.answer.paused = answer.paused;
        self.answer.troubles.extend(answer.troubles);
    }

    /// One settlement was refused by itself; its slot still holds its job.
    pub(super) fn refuse(&mut self, part: &Part<'_>, error: Error) {
        let errors = error.for_each(part.places.len());
        for (place, error) in part.places.iter().zip(errors) {
            self.put(*place, Settled::Trouble(error));
        }
    }

    fn put(&mut self, place: usize, settled: Settled) {
        if let Some(answer) = self.answer.settled.get_mut(place) {
            *answer = settled;
        }
    }

    /// The answer, its jobs in the order in which slots were named.
    pub(super) fn answer(mut self, want: &[WorkerId]) -> Exchange {
        let ranks: HashMap<&WorkerId, usize> = want.iter().zip(0..).collect();
        let rank = |id: &WorkerId| ranks.get(id).copied().unwrap_or(usize::MAX);
        self.answer.reserved.sort_by_key(|job| rank(&job.worker));
        self.answer
    }
}

#[cfg(test)]
mod tests {
    use resque_core::{FailureRecord, Payload, Receipt};

    use super::*;

    fn worker(number: usize) -> WorkerId {
        WorkerId::compose("host", "a1b2c", 1, number, "*").unwrap()
    }

    fn settlement(number: usize, fails: bool) -> Settlement {
        let receipt = Receipt::numbered(worker(number), 7);
        let now = std::time::UNIX_EPOCH;
        match fails {
            true => Settlement::failed(receipt, FailureRecord::new(now, Payload::from(""), "", "")),
            false => Settlement::done(receipt),
        }
    }

    #[test]
    fn what_is_written_is_weighed() {
        let mut done = [
            settlement(0, true),
            settlement(1, false),
            settlement(2, false),
        ];
        let record = FailureRecord::new(std::time::UNIX_EPOCH, Payload::from("1234"), "E", "12");
        done[0].outcome = Outcome::Failed(Box::new(record.backtrace(vec!["123".to_owned()])));
        done[2].outcome = Outcome::ReleaseAs(Payload::from("12345"));
        assert_eq!(Part::whole(&done, &[]).bytes(), 14);
    }

    #[test]
    fn a_slot_is_filled_where_its_job_is_settled() {
        let done = [
            settlement(0, false),
            settlement(1, true),
            settlement(2, true),
        ];
        let want = [worker(0), worker(1), worker(3)];
        let (plain, rows) = Part::whole(&done, &want).by_kind();
        assert_eq!(
            (&plain.places[..], &rows.places[..]),
            (&[0][..], &[1, 2][..])
        );
        assert_eq!(plain.want, [&want[0], &want[2]]);
        assert_eq!(rows.want, [&want[1]]);
        let (first, second) = rows.halves();
        assert_eq!((first.places, first.want), (vec![1], vec![&want[1]]));
        assert_eq!((second.places, second.want), (vec![2], vec![]));
    }

    #[test]
    fn a_slot_that_settles_twice_is_filled_with_the_later_part() {
        let done = [
            settlement(0, true),
            settlement(1, true),
            settlement(0, true),
        ];
        let want = [worker(0)];
        let (first, second) = Part::whole(&done, &want).halves();
        assert_eq!((first.done.len(), first.want.len()), (2, 0));
        assert_eq!((second.done.len(), second.want), (1, vec![&want[0]]));
    }

    #[test]
    fn one_settlement_hinders_others_only_where_there_are_any() {
        let (done, own, other) = ([settlement(0, true)], [worker(0)], [worker(1)]);
        assert!(!Part::whole(&done, &own).is_several());
        assert!(Part::whole(&done, &other).is_several());
        assert!(!Part::whole(&[], &[worker(0), worker(1)]).is_several());
    }
}
