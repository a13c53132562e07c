//! What a process tells its worker before it becomes another program.
//!
//! It says so on its standard error, because that is the one way to the worker that both it and the
//! worker have without unsafe code. What the worker is told begins with a sign that it has thought
//! of for this one process; the other program never sees it, so nothing that it says can be taken
//! for this.

use std::hash::{BuildHasher, RandomState};
use std::io;

/// The sign of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sign(String);

/// What a process told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Becoming {
    /// Everything is ready, and it becomes the other program now.
    Begins,
    /// It could not.
    Failed(Refusal),
}

/// Why a process could not become another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Whether it will never be possible for this job.
    pub(super) about_the_job: bool,
    pub(super) text: String,
}

const BEGINS: &str = "begins";
const ABOUT_THE_JOB: &str = "never";
const FOR_NOW: &str = "failed";

impl Sign {
    /// A sign that nobody can guess.
    pub(super) fn new() -> Self {
        Self(format!("{:016x}", RandomState::new().hash_one(())))
    }

    /// The sign that stands in an argument.
    pub(super) fn from_argument(argument: String) -> Self {
        Self(argument)
    }

    pub(super) fn as_argument(&self) -> &str {
        &self.0
    }

    /// What is told right before.
    pub(super) fn begins(&self) -> String {
        format!("{} {BEGINS}\n", self.0)
    }

    /// What is told if it was not possible.
    pub(super) fn failed(&self, error: &io::Error) -> String {
        let what = match is_about_the_job(error) {
            true => ABOUT_THE_JOB,
            false => FOR_NOW,
        };
        format!("{} {what} {error}\n", self.0)
    }

    /// What a line tells; `None` if it comes from the other program.
    pub(super) fn read(&self, line: &[u8]) -> Option<Becoming> {
        let told = line.strip_prefix(self.0.as_bytes())?.strip_prefix(b" ")?;
        let told = String::from_utf8_lossy(told);
        let (what, text) = told
            .trim_end()
            .split_once(' ')
            .unwrap_or((told.trim_end(), ""));
        let refusal = |about_the_job| {
            Becoming::Failed(Refusal {
                about_the_job,
                text: text.to_owned(),
            })
        };
        match what {
            BEGINS => Some(Becoming::Begins),
            ABOUT_THE_JOB => Some(refusal(true)),
            FOR_NOW => Some(refusal(false)),
            _ => None,
        }
    }
}

/// Whether a process could not be started because of what it is told about its job: a class with a
/// null character, or one that is longer than a variable can be.
pub(super) fn is_about_the_job(error: &io::Error) -> bool {
    use io::ErrorKind::{ArgumentListTooLong, InvalidInput};
    matches!(error.kind(), ArgumentListTooLong | InvalidInput)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_understands_what_its_process_tells() {
        let sign = Sign::new();
        let same = Sign::from_argument(sign.as_argument().to_owned());
        assert_eq!(sign.read(same.begins().as_bytes()), Some(Becoming::Begins));
        for (kind, about_the_job) in [
            (io::ErrorKind::NotFound, false),
            (io::ErrorKind::ArgumentListTooLong, true),
        ] {
            let error = io::Error::new(kind, "no such thing");
            let text = "no such thing".to_owned();
            let refusal = Refusal {
                about_the_job,
                text,
            };
            let read = sign.read(same.failed(&error).as_bytes());
            assert_eq!(read, Some(Becoming::Failed(refusal)));
        }
    }

    #[test]
    fn the_other_program_cannot_speak_for_the_process() {
        let sign = Sign::new();
        let other = Sign::from_argument("0".repeat(15));
        assert_eq!(sign.read(other.begins().as_bytes()), None);
        for line in ["", "begins", "failed no", " begins"] {
            assert_eq!(sign.read(line.as_bytes()), None, "{line}");
        }
    }
}
