//! A file in which workers write down what they do.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process;

/// The file, open for appending.
///
/// Each line is written with a single call, so that many processes can share the file, and what was
/// written stays written when its process is killed.
#[derive(Debug)]
pub struct Ledger(File);

/// One line of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was done.
    pub step: Step,
    /// The number of the job.
    pub number: u64,
    /// The process that did it.
    pub process: u32,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A job started.
    Started,
    /// A job came to its end.
    Ended,
}

impl Ledger {
    /// Opens a ledger, which is made if need be.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(path).map(Self)
    }

    /// Writes that this process has done a step of a job.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn write(&self, step: Step, number: u64) -> io::Result<()> {
        let line = format!("{} {number} {}\n", step.word(), process::id());
        (&self.0).write_all(line.as_bytes())
    }
}

impl Entry {
    /// Reads a whole line; `None` if it is not one of a ledger.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (step, number, process) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            step: [Step::Started, Step::Ended]
                .into_iter()
                .find(|known| known.word() == step)?,
            number: number.parse().ok()?,
            process: process.parse().ok()?,
        })
    }
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ended => "ended",
        }
    }
}
