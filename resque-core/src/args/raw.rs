//! The raw arguments of a list, one after another.

use serde::de::DeserializeSeed;

use super::failure::{Failure, problem};
use crate::wire::json::Scanner;

/// The raw arguments, taken one by one.
pub(super) struct Args<'de> {
    pub(super) text: &'de str,
    scanner: Scanner<'de>,
    pub(super) state: State<'de>,
    pub(super) taken: usize,
    /// Pretends that there are no more than so many.
    limit: usize,
    /// How many the type can take, once it has told.
    pub(super) at_most: Option<usize>,
    pub(super) keys: Keys,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State<'de> {
    /// The next argument.
    Next(&'de str),
    /// There are no more.
    Ended,
    /// This is no list.
    Broken,
}

/// How fields are told to the type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Keys {
    /// By index, which derived code understands; names would trip over `#[serde(alias)]`.
    Indices,
    Names,
}

impl<'de> Args<'de> {
    pub(super) fn new(text: &'de str, limit: usize) -> Self {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.skip_space();
        let opened = scanner.expect(b'[', "a list").is_ok();
        let keys = Keys::Indices;
        let state = State::Broken;
        let mut args = Self {
            text,
            scanner,
            state,
            taken: 0,
            limit,
            at_most: None,
            keys,
        };
        if opened {
            args.state = args.look(true);
        }
        args
    }

    /// Finds the next argument, behind the bracket or behind the one before.
    fn look(&mut self, first: bool) -> State<'de> {
        if self.taken >= self.limit {
            return State::Ended;
        }
        self.scanner.skip_space();
        if self.scanner.peek() == Some(b']') {
            let closed = self
                .scanner
                .expect(b']', "`]`")
                .and_then(|()| self.scanner.finish());
            return if closed.is_ok() {
                State::Ended
            } else {
                State::Broken
            };
        }
        if !first && self.scanner.expect(b',', "`,`").is_err() {
            return State::Broken;
        }
        self.scanner.skip_space();
        match self.scanner.value() {
            Ok((_, range)) => State::Next(&self.text[range]),
            Err(_) => State::Broken,
        }
    }

    pub(super) fn take(&mut self) -> Option<&'de str> {
        let State::Next(raw) = self.state else {
            return None;
        };
        self.taken += 1;
        self.state = self.look(false);
        Some(raw)
    }

    /// Takes the next argument, which is there, into `seed`.
    pub(super) fn read<S>(
        &mut self,
        seed: S,
        name: Option<&'static str>,
    ) -> Result<S::Value, Failure>
    where
        S: DeserializeSeed<'de>,
    {
        let index = self.taken;
        let raw = self.take().ok_or(Failure::Missing { index, name })?;
        seed.deserialize(&mut serde_json::Deserializer::from_str(raw))
            .map_err(|error| Failure::Argument {
                index,
                name,
                problem: problem(&error),
            })
    }
}
