//! Settlements that are sent together.

use resque_core::{Error, LoanSettlement, Outcome, Settled, Settlement};

use super::division::Part;
use crate::refusal::Refused;

/// How many bytes of rows are written at once, unless one of them has more: a statement has at most a
/// gigabyte, and many of those that end at the same moment may have failed with large payloads.
const MOST_BYTES: usize = 64_000_000;

/// What says how a job ended.
pub(crate) trait End {
    fn outcome(&self) -> &Outcome;
}

impl End for Settlement {
    fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl End for LoanSettlement {
    fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

/// Some settlements of a list, each with its place in it.
pub(crate) struct Batch<'a, S>(Vec<(usize, &'a S)>);

impl<'a, S: End> Batch<'a, S> {
    /// All of a list.
    pub(crate) fn whole(done: &'a [S]) -> Self {
        Self(done.iter().enumerate().collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a S> {
        self.0.iter().map(|(_, one)| *one)
    }

    /// Refuses several that are too large together, which the server need not even see.
    pub(crate) fn check_size(&self, what: &str) -> Result<(), Refused> {
        if self.len() < 2 || self.bytes() <= MOST_BYTES {
            return Ok(());
        }
        let error = Error::Rejected {
            what: what.to_owned(),
            reason: format!("more than {MOST_BYTES} bytes at once"),
            transient: false,
        };
        Err(Refused {
            error,
            divisible: true,
        })
    }

    /// How many bytes of payloads and texts the rows have that it writes.
    fn bytes(&self) -> usize {
        let bytes = |one: &'a S| match one.outcome() {
            Outcome::Failed(record) => {
                let texts = record.backtrace.iter().chain([&record.error]);
                record.payload.as_bytes().len() + texts.map(String::len).sum::<usize>()
            }
            Outcome::RetryAt { payload, .. } | Outcome::ReleaseAs(payload) => {
                payload.as_bytes().len()
            }
            _ => 0,
        };
        self.iter().map(bytes).sum()
    }

    /// Puts the answers to these settlements where they stand in the list.
    pub(crate) fn put(&self, answers: impl IntoIterator<Item = Settled>, into: &mut [Settled]) {
        for ((place, _), answer) in self.0.iter().zip(answers) {
            if let Some(old) = into.get_mut(*place) {
                *old = answer;
            }
        }
    }

    fn all_released(&self) -> bool {
        self.iter().all(is_released)
    }

    fn divided(self, mut is_first: impl FnMut(&S) -> bool) -> (Self, Self) {
        let (first, second) = self.0.into_iter().partition(|(_, one)| is_first(one));
        (Self(first), Self(second))
    }
}

impl<S: End> Part for Batch<'_, S> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn settlements(&self) -> usize {
        self.len()
    }

    fn by_kind(self) -> (Self, Self) {
        self.divided(|one| matches!(one.outcome(), Outcome::Done | Outcome::Discard))
    }

    /// Those that are released come behind all others and the last of them first, because each goes in
    /// front of those before.
    fn in_two(mut self) -> (Self, Self) {
        let all_released = self.all_released();
        if !all_released && self.iter().any(is_released) {
            return self.divided(|one| !is_released(one));
        }
        let second = Self(self.0.split_off(self.len().div_ceil(2)));
        match all_released {
            true => (second, self),
            false => (self, second),
        }
    }
}

fn is_released(one: &impl End) -> bool {
    matches!(one.outcome(), Outcome::Release | Outcome::ReleaseAs(_))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use resque_core::{FailureRecord, LoanReceipt, Payload, Tally};

    use super::*;

    fn settlement(outcome: Outcome) -> LoanSettlement {
        LoanSettlement::new(LoanReceipt::new("1"), outcome, Tally::Nothing)
    }

    fn failed(payload: &'static str, error: &str, backtrace: &[&str]) -> LoanSettlement {
        let record = FailureRecord::new(UNIX_EPOCH, Payload::from(payload), "E", error);
        let frames = backtrace.iter().map(ToString::to_string).collect();
        settlement(Outcome::Failed(Box::new(record.backtrace(frames))))
    }

    fn places(batch: &Batch<'_, LoanSettlement>) -> Vec<usize> {
        batch.0.iter().map(|(place, _)| *place).collect()
    }

    #[test]
    fn what_is_written_is_weighed() {
        let done = [
            failed("1234", "12", &["123"]),
            settlement(Outcome::Done),
            settlement(Outcome::ReleaseAs(Payload::from("12345"))),
        ];
        assert_eq!(Batch::whole(&done).bytes(), 14);
    }

    #[test]
    fn parts_are_done_in_an_order_that_leaves_released_jobs_in_theirs() {
        let done = [
            settlement(Outcome::Release),
            failed("", "", &[]),
            settlement(Outcome::ReleaseAs(Payload::from("1"))),
            settlement(Outcome::Defer(UNIX_EPOCH)),
            settlement(Outcome::Release),
        ];
        let (written, released) = Batch::whole(&done).in_two();
        assert_eq!(
            (places(&written), places(&released)),
            (vec![1, 3], vec![0, 2, 4])
        );
        let (first, second) = written.in_two();
        assert_eq!((places(&first), places(&second)), (vec![1], vec![3]));
        let (first, second) = released.in_two();
        assert_eq!((places(&first), places(&second)), (vec![4], vec![0, 2]));
    }

    #[test]
    fn answers_go_where_their_settlements_stand() {
        let done = [
            failed("", "", &[]),
            settlement(Outcome::Done),
            failed("", "", &[]),
        ];
        let (plain, rows) = Batch::whole(&done).by_kind();
        let mut answers = [Settled::Lost, Settled::Lost, Settled::Lost];
        rows.put([Settled::Applied, Settled::Lost], &mut answers);
        plain.put([Settled::Applied], &mut answers);
        assert!(matches!(
            answers,
            [Settled::Applied, Settled::Applied, Settled::Lost]
        ));
    }
}
