//! Why a command could not do its work, and how that is told.

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;

/// The exit code of a command that could not do its work, or not all of it.
const FAILED: u8 = 1;
/// The exit code of a command that was called in a wrong way.
pub(crate) const MISUSED: u8 = 2;
/// The exit code of a command whose store could not be reached.
const UNREACHABLE: u8 = 3;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store, or what was said about it.
    #[error(transparent)]
    Resque(#[from] resque::Error),
    /// The store that was named does not answer.
    #[error("there is no store to work with; without --url and RESQUE_URL everything is in memory")]
    NoStore(#[source] resque::Error),
    /// No store was named.
    #[error("name the store with --url or RESQUE_URL, such as redis://localhost")]
    NoUrl,
    /// Flags or their values that make no sense.
    #[error("{setting}: {reason}")]
    Misused {
        /// The flag or argument.
        setting: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Nobody is there to be asked.
    #[error("to {what}, say --yes, or call this at a terminal, where it asks")]
    NeedsYes {
        /// What would be done.
        what: String,
    },
    /// Somebody was asked and said no.
    #[error("nothing was done")]
    Declined,
    /// The terminal, a file, or the system.
    #[error("cannot {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it could not be done.
        source: io::Error,
    },
    /// A part of this program crashed.
    #[error("{0} crashed; this is a bug of resque")]
    Crashed(&'static str),
    /// Some lines of input were of no use; each was told when it came.
    #[error("{0} of the lines of input could not be done; look for `refused` above")]
    Refused(u64),
    /// It was done only in part, or not at all, for a reason that the message says.
    #[error("{0}")]
    Undone(String),
    /// The same, with the error that stopped it.
    #[error("{done}")]
    Stopped {
        /// What was done before, and how to go on.
        done: String,
        /// What stopped it.
        source: resque::Error,
    },
}

impl Failure {
    /// Prints the failure with its causes, the one place where this happens.
    pub(crate) fn tell(&self) -> ExitCode {
        if !self.is_a_reader_gone() {
            eprintln!("resque: {}", chain(self));
        }
        ExitCode::from(self.code())
    }

    /// Why a store could not be opened where there need not be one.
    pub(crate) fn of_store(error: resque::Error) -> Self {
        match error {
            resque::Error::Unavailable { .. } => Self::NoStore(error),
            other => Self::Resque(other),
        }
    }

    /// A flag or argument that makes no sense.
    pub(crate) fn setting(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Misused {
            setting: setting.into(),
            reason: reason.into(),
        }
    }

    /// The system refused something.
    pub(crate) fn io(doing: impl Into<String>, source: io::Error) -> Self {
        let doing = doing.into();
        Self::Io { doing, source }
    }

    /// Whether whoever read the answer has had enough, as `head` does: nothing to tell.
    fn is_a_reader_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    fn code(&self) -> u8 {
        match self {
            Self::NoUrl | Self::Misused { .. } | Self::NeedsYes { .. } => MISUSED,
            Self::NoStore(_) => UNREACHABLE,
            Self::Resque(error) | Self::Stopped { source: error, .. } => code_of(error),
            _ if self.is_a_reader_gone() => 0,
            _ => FAILED,
        }
    }
}

fn code_of(error: &resque::Error) -> u8 {
    use resque::Error::{
        InvalidQueueName, InvalidQueuePattern, InvalidSchedule, InvalidSetting, InvalidWorkerId,
        NoClass, NoQueue, NoWorkerQueues, OutcomeUnknown, Unavailable,
    };
    match error {
        InvalidSetting { .. }
        | InvalidSchedule { .. }
        | InvalidQueueName { .. }
        | InvalidQueuePattern { .. }
        | InvalidWorkerId { .. }
        | NoClass
        | NoQueue { .. }
        | NoWorkerQueues => MISUSED,
        Unavailable { .. } | OutcomeUnknown { .. } => UNREACHABLE,
        _ => FAILED,
    }
}

/// The message of an error and those of its causes.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_causes_are_told_once() {
        let cause = io::Error::other("connection refused");
        let failure = Failure::from(resque::Error::unavailable("connect to h:1", cause));
        assert_eq!(
            chain(&failure),
            "connect to h:1: the store is unavailable and nothing was executed: connection refused"
        );
        assert_eq!(failure.code(), UNREACHABLE);
    }

    #[test]
    fn a_wrong_call_has_the_exit_code_of_wrong_flags() {
        assert_eq!(Failure::from(resque::Error::NoWorkerQueues).code(), MISUSED);
        assert_eq!(Failure::NoUrl.code(), MISUSED);
        assert_eq!(Failure::setting("--x", "no").code(), MISUSED);
    }

    #[test]
    fn a_reader_that_has_had_enough_is_no_failure() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::io("write", gone).code(), 0);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(Failure::io("write", full).code(), FAILED);
    }
}
