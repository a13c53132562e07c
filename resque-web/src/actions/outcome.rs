//! What became of a change of many things at once.

use resque_core::Error;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fault::Fault;
use crate::pages::show;

/// How many troubles are told in words.
const MOST: usize = 5;

/// What became of a change of many things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Outcome {
    /// How many were changed.
    pub(crate) changed: u64,
    /// How many had gone when it came to them.
    pub(crate) gone: u64,
    /// How many could not be changed for another reason.
    pub(crate) failed: u64,
    /// These reasons, the first few.
    pub(crate) troubles: Vec<String>,
}

impl Outcome {
    /// Counts what a store answered.
    ///
    /// # Errors
    ///
    /// When the store is away: then nobody knows what became of the rest.
    pub(crate) fn count(&mut self, answers: Vec<Result<(), Error>>) -> Result<(), Fault> {
        for answer in answers {
            match answer {
                Ok(()) => self.changed += 1,
                Err(Error::Conflict { .. }) => self.gone += 1,
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    self.failed += 1;
                    if self.troubles.len() < MOST {
                        self.troubles.push(error.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    /// In words: `3 jobs are back in their queues; 1 had gone.`
    pub(crate) fn told(&self, one: &str, many: &str) -> String {
        let mut text = match self.changed {
            1 => format!("1 {one}"),
            number => format!("{} {many}", show::count(number)),
        };
        if self.gone > 0 {
            text += &format!("; {} had gone", show::count(self.gone));
        }
        if self.failed > 0 {
            text += &format!("; {} could not be changed", show::count(self.failed));
        }
        text.push('.');
        if let Some(trouble) = self.troubles.first() {
            text += &format!(" The first: {trouble}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_with_what_was_not() {
        let gone = || Error::Conflict { what: "it".into() };
        let mut outcome = Outcome::default();
        outcome
            .count(vec![Ok(()), Err(gone()), Ok(()), Err(Error::NoClass)])
            .unwrap();
        assert_eq!(
            outcome.told("job is back", "jobs are back"),
            "2 jobs are back; 1 had gone; 1 could not be changed. The first: Jobs must be given a class."
        );
        let away = Error::unavailable("retry", "gone");
        assert!(outcome.count(vec![Err(away)]).is_err());
    }
}
