//! Doing something with each of several things that were named.

use crate::context::Store;
use crate::failure::{Failure, chain};
use crate::output::{Changed, count};

/// What was named, and what is done to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) noun: &'static str,
    pub(super) verb: &'static str,
    pub(super) names: &'a [String],
}

impl Named<'_> {
    /// Does it to each, and answers how many there were. One that is not there, or cannot be had
    /// now, keeps it from none of the others; all that is left is told at the end.
    pub(super) async fn each(
        self,
        store: &Store,
        mut act: impl AsyncFnMut(&str) -> resque::Result<bool>,
    ) -> Result<(), Failure> {
        let mut done = 0;
        let mut missing: Vec<&str> = Vec::new();
        let mut left: Vec<String> = Vec::new();
        for (place, name) in self.names.iter().enumerate() {
            match act(name).await {
                Ok(true) => done += 1,
                Ok(false) => missing.push(name),
                Err(error @ resque::Error::Conflict { .. }) => left.push(chain(&error)),
                Err(source) => return Err(self.stopped(done, place, source)),
            }
        }
        store
            .out
            .answer(&Changed::new(done, self.noun, self.verb))?;
        match &missing[..] {
            [] => {}
            [name] => left.insert(0, format!("there is no {} {name}", self.noun)),
            names => left.insert(
                0,
                format!("there are no {}s {}", self.noun, names.join(", ")),
            ),
        }
        match left.is_empty() {
            true => Ok(()),
            false => Err(Failure::Undone(left.join("; "))),
        }
    }

    /// Why it stopped at this place, and what is left.
    fn stopped(self, done: u64, place: usize, source: resque::Error) -> Failure {
        let (noun, verb) = (self.noun, self.verb);
        let left = self.names[place..].join(", ");
        let done = format!("{} {verb}; left are {left}", count(done, noun));
        Failure::Stopped { done, source }
    }
}
