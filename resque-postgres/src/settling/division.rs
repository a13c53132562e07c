//! Doing part by part what was refused as a whole, so that one settlement does not hold up all others.

use resque_core::{Error, Result};

use crate::refusal::Refused;

/// Some settlements and what is done together with them, all or nothing.
pub(crate) trait Part: Sized {
    fn is_empty(&self) -> bool;

    /// How many settlements it has.
    fn settlements(&self) -> usize;

    /// Those that only take away; and the others, which write rows that may be refused.
    fn by_kind(self) -> (Self, Self);

    /// Two smaller ones, in the order in which they are to be done.
    fn in_two(self) -> (Self, Self);
}

/// What is still to be done of a whole: first what writes no rows, then the rest in smaller and smaller
/// parts, down to those that are refused by themselves.
pub(crate) struct Division<P> {
    what: &'static str,
    /// The next one is the last.
    parts: Vec<P>,
    /// Why the whole was refused, until something shows that it was about rows.
    refused: Option<Error>,
    /// Whether anything was done.
    any: bool,
}

impl<P: Part> Division<P> {
    /// Divides what was refused; fails with the same error if that is of no use.
    pub(crate) fn of(what: &'static str, whole: P, refused: Error) -> Result<Self> {
        let (plain, rows) = whole.by_kind();
        if rows.is_empty() {
            return Err(refused);
        }
        let mut division = Self {
            what,
            parts: vec![rows],
            refused: None,
            any: false,
        };
        if !plain.is_empty() {
            division.parts.push(plain);
            division.refused = Some(refused);
        }
        Ok(division)
    }

    /// Takes the part that is to be done next.
    pub(crate) fn pop(&mut self) -> Option<P> {
        self.parts.pop()
    }

    /// Notes that a part was done.
    pub(crate) fn done(&mut self) {
        self.any = true;
        self.refused = None;
    }

    /// Notes that a part was refused. Gives it back if it is a single settlement, and fails if there is
    /// no point in going on.
    pub(crate) fn refused(&mut self, part: P, refused: Refused) -> Result<Option<(P, Error)>> {
        if !refused.divisible {
            return Err(match self.any {
                // What was done is done, and it would take long to say what that was: the caller
                // asks for everything once more.
                true => Error::outcome_unknown(self.what, refused.error),
                false => refused.error,
            });
        }
        // Not even what writes no rows is taken: it is not about rows.
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        if part.settlements() < 2 {
            return Ok(Some((part, refused.error)));
        }
        let (first, second) = part.in_two();
        self.parts.extend([second, first]);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers, of which the odd ones write rows.
    impl Part for Vec<u32> {
        fn is_empty(&self) -> bool {
            self.is_empty()
        }

        fn settlements(&self) -> usize {
            self.len()
        }

        fn by_kind(self) -> (Self, Self) {
            self.into_iter().partition(|number| number % 2 == 0)
        }

        fn in_two(mut self) -> (Self, Self) {
            let second = self.split_off(self.len() / 2);
            (self, second)
        }
    }

    fn error(reason: &str) -> Error {
        Error::Rejected {
            what: "test".to_owned(),
            reason: reason.to_owned(),
            transient: false,
        }
    }

    /// Does everything but what `refuses` refuses; answers what was tried and what was refused alone.
    fn divide(
        whole: Vec<u32>,
        refuses: impl Fn(&[u32]) -> Option<Refused>,
    ) -> Result<(Vec<Vec<u32>>, Vec<u32>)> {
        let mut division = Division::of("test", whole, error("whole"))?;
        let (mut tried, mut alone) = (Vec::new(), Vec::new());
        while let Some(part) = division.pop() {
            tried.push(part.clone());
            match refuses(&part) {
                None => division.done(),
                Some(refused) => {
                    let single = division.refused(part, refused)?;
                    alone.extend(single.into_iter().flat_map(|(part, _)| part));
                }
            }
        }
        Ok((tried, alone))
    }

    fn about_rows() -> Refused {
        Refused {
            error: error("part"),
            divisible: true,
        }
    }

    #[test]
    fn only_what_is_refused_by_itself_is_left() {
        let refuses = |part: &[u32]| part.contains(&5).then(about_rows);
        let (tried, alone) = divide((1..8).collect(), refuses).unwrap();
        let expected: [&[u32]; 6] = [&[2, 4, 6], &[1, 3, 5, 7], &[1, 3], &[5, 7], &[5], &[7]];
        assert_eq!(tried, expected);
        assert_eq!(alone, [5]);
    }

    #[test]
    fn what_is_not_about_rows_is_refused_as_it_was() {
        for whole in [vec![2, 4], vec![1, 2, 3]] {
            let refused = divide(whole, |_| Some(about_rows())).unwrap_err();
            assert!(refused.to_string().contains("whole"), "{refused}");
        }
    }

    #[test]
    fn an_outage_ends_it_and_is_unclear_once_something_was_done() {
        let outage = || Some(Refused::from(Error::unavailable("test", "gone")));
        let refused = divide(vec![1, 2], |_| outage()).unwrap_err();
        assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
        let later = |part: &[u32]| part.contains(&1).then(outage).flatten();
        let refused = divide(vec![1, 2], later).unwrap_err();
        assert!(
            matches!(refused, Error::OutcomeUnknown { .. }),
            "{refused:?}"
        );
    }
}
