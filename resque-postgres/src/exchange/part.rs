//! Parts of an exchange, where the whole was refused because of some of it.

use std::collections::{HashMap, HashSet};

use resque_core::{Error, Exchange, Settled, Settlement, WorkerId};

use crate::settling::{self, Batch};

/// Some settlements of an exchange and the slots to be filled with them. A slot whose own job is
/// settled too is filled where that is settled, or it would get the same job again.
pub(super) struct Part<'a> {
    pub(super) done: Batch<'a, Settlement>,
    /// Each once.
    pub(super) want: Vec<&'a WorkerId>,
}

impl<'a> Part<'a> {
    /// All of it.
    pub(super) fn whole(done: &'a [Settlement], want: Vec<&'a WorkerId>) -> Self {
        Self {
            done: Batch::whole(done),
            want,
        }
    }

    /// Whether one of it hinders another.
    pub(super) fn is_several(&self) -> bool {
        let mut ids: HashSet<&WorkerId> = self.want.iter().copied().collect();
        ids.extend(self.done.iter().map(|one| one.receipt.worker()));
        self.done.len() > 1 || (self.done.len() == 1 && ids.len() > 1)
    }

    /// Divides the slots as the settlements were divided. One of both parts is filled with the second
    /// one, which comes later; one of neither with the first.
    fn divided(
        (first, second): (Batch<'a, Settlement>, Batch<'a, Settlement>),
        want: Vec<&'a WorkerId>,
    ) -> (Self, Self) {
        let later: HashSet<_> = second.iter().map(|one| one.receipt.worker()).collect();
        let (with_second, with_first) = want.into_iter().partition(|id| later.contains(id));
        let part = |done, want| Self { done, want };
        (part(first, with_first), part(second, with_second))
    }
}

impl settling::Part for Part<'_> {
    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.want.is_empty()
    }

    fn settlements(&self) -> usize {
        self.done.len()
    }

    fn by_kind(self) -> (Self, Self) {
        Self::divided(self.done.by_kind(), self.want)
    }

    fn in_two(self) -> (Self, Self) {
        Self::divided(self.done.in_two(), self.want)
    }
}

/// What the parts have answered so far.
pub(super) struct Gathered(Exchange);

impl Gathered {
    pub(super) fn of(whole: &Part<'_>) -> Self {
        let mut answer = Exchange::default();
        let lost = || Settled::Lost;
        answer.settled.resize_with(whole.done.len(), lost);
        Self(answer)
    }

    /// A part was done.
    pub(super) fn add(&mut self, part: &Part<'_>, answer: Exchange) {
        part.done.put(answer.settled, &mut self.0.settled);
        self.0.reserved.extend(answer.reserved);
        self.0.paused = answer.paused;
        self.0.troubles.extend(answer.troubles);
    }

    /// One settlement was refused by itself; its slot still holds its job.
    pub(super) fn refuse(&mut self, part: &Part<'_>, error: Error) {
        part.done
            .put([Settled::Trouble(error)], &mut self.0.settled);
    }

    /// The answer, its jobs in the order in which slots were named.
    pub(super) fn answer(mut self, want: &[&WorkerId]) -> Exchange {
        let ranks: HashMap<&WorkerId, usize> = want.iter().copied().zip(0..).collect();
        let rank = |id: &WorkerId| ranks.get(id).copied().unwrap_or(usize::MAX);
        self.0.reserved.sort_by_key(|job| rank(&job.worker));
        self.0
    }
}

#[cfg(test)]
mod tests {
    use resque_core::{FailureRecord, Payload, Receipt};
    use settling::Part as _;

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

    /// Whose jobs a part settles.
    fn settled<'a>(part: &Part<'a>) -> Vec<&'a WorkerId> {
        part.done.iter().map(|one| one.receipt.worker()).collect()
    }

    #[test]
    fn a_slot_is_filled_where_its_job_is_settled() {
        let done = [
            settlement(0, false),
            settlement(1, true),
            settlement(2, true),
        ];
        let want = [worker(0), worker(1), worker(3)];
        let whole = Part::whole(&done, want.iter().collect());
        let (plain, rows) = whole.by_kind();
        assert_eq!(settled(&plain), [&worker(0)]);
        assert_eq!(settled(&rows), [&worker(1), &worker(2)]);
        assert_eq!(plain.want, [&want[0], &want[2]]);
        assert_eq!(rows.want, [&want[1]]);
        let (first, second) = rows.in_two();
        assert_eq!(
            (settled(&first), first.want),
            (vec![&worker(1)], vec![&want[1]])
        );
        assert_eq!((settled(&second), second.want), (vec![&worker(2)], vec![]));
    }

    #[test]
    fn a_slot_that_settles_twice_is_filled_with_the_later_part() {
        let done = [
            settlement(0, true),
            settlement(1, true),
            settlement(0, true),
        ];
        let want = worker(0);
        let (first, second) = Part::whole(&done, vec![&want]).in_two();
        assert_eq!((first.done.len(), first.want.len()), (2, 0));
        assert_eq!((second.done.len(), second.want), (1, vec![&want]));
    }

    #[test]
    fn one_settlement_hinders_others_only_where_there_are_any() {
        let (done, own, other) = ([settlement(0, true)], worker(0), worker(1));
        assert!(!Part::whole(&done, vec![&own]).is_several());
        assert!(Part::whole(&done, vec![&other]).is_several());
        assert!(!Part::whole(&[], vec![&own, &other]).is_several());
    }
}
