//! How a command answers: text for people, or one line of JSON for programs.

mod job;
mod progress;
mod table;

use std::io::{self, Write};

use serde::Serialize;

pub(crate) use self::job::JobView;
pub(crate) use self::progress::Progress;
pub(crate) use self::table::Table;
use crate::failure::Failure;

/// The answer of a command; what it serialises to is its JSON, whose field names are stable.
pub(crate) trait Answer: Serialize {
    /// The same for people, ending with a line break unless it is empty.
    fn text(&self) -> String;
}

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads the answer.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Answers.
    pub(crate) fn answer(self, answer: &impl Answer) -> Result<(), Failure> {
        let text = if self.json {
            let line = serde_json::to_string(answer);
            let line = line.map_err(|error| Failure::io("write JSON", error.into()))?;
            line + "\n"
        } else {
            answer.text()
        };
        write(&text)
    }

    /// Shows how far a long command has come, on standard error and only to people.
    pub(crate) fn progress(self, total: Option<u64>, doing: &'static str) -> Progress {
        Progress::new(!self.json, total, doing)
    }
}

/// Writes to standard output.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|source| Failure::io("write to standard output", source))
}

/// A number with the noun it counts: `1 job`, `2 jobs`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// How many jobs, records or others a command has changed, and what it did to them.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    #[serde(rename = "count")]
    number: u64,
    #[serde(skip)]
    noun: &'static str,
    #[serde(skip)]
    verb: &'static str,
}

impl Changed {
    /// `Changed::new(3, "job", "removed")` reads `3 jobs removed`.
    pub(crate) fn new(number: u64, noun: &'static str, verb: &'static str) -> Self {
        Self { number, noun, verb }
    }
}

impl Answer for Changed {
    fn text(&self) -> String {
        format!("{} {}\n", count(self.number, self.noun), self.verb)
    }
}
