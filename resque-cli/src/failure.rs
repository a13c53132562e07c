//! Why a command could not do its work, and how that is told.

use std::error::Error as StdError;
use std::process::ExitCode;

/// The exit code of a command that could not do its work.
const FAILED: u8 = 1;
/// The exit code of a command that was called in a wrong way; clap's too.
const MISUSED: u8 = 2;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store, or what was said about it.
    #[error(transparent)]
    Resque(#[from] resque::Error),
    /// The store that was named does not answer.
    #[error("there is no store to work with; without --url and RESQUE_URL everything is in memory")]
    NoStore(#[source] resque::Error),
    /// The terminal, or what stands in its place.
    #[error("cannot {doing}")]
    Terminal {
        /// What was being done.
        doing: &'static str,
        /// Why it could not be done.
        source: std::io::Error,
    },
    /// A part of this program crashed.
    #[error("{0} crashed; this is a bug of resque")]
    Crashed(&'static str),
    /// Some lines of input were of no use; each was told when it came.
    #[error("{0} of the lines of input could not be done; look for `refused` above")]
    Refused(u64),
}

impl Failure {
    /// Prints the failure with its causes, the one place where this happens.
    pub(crate) fn tell(&self) -> ExitCode {
        eprintln!("resque: {}", chain(self));
        ExitCode::from(self.code())
    }

    /// Why a store could not be opened.
    pub(crate) fn of_store(error: resque::Error) -> Self {
        match error {
            resque::Error::Unavailable { .. } => Self::NoStore(error),
            other => Self::Resque(other),
        }
    }

    fn code(&self) -> u8 {
        use resque::Error::{
            InvalidQueueName, InvalidQueuePattern, InvalidSetting, NoWorkerQueues,
        };
        match self {
            Self::Resque(
                InvalidSetting { .. }
                | InvalidQueueName { .. }
                | InvalidQueuePattern { .. }
                | NoWorkerQueues,
            ) => MISUSED,
            _ => FAILED,
        }
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
        let cause = std::io::Error::other("connection refused");
        let failure = Failure::from(resque::Error::unavailable("connect to h:1", cause));
        assert_eq!(
            chain(&failure),
            "connect to h:1: the store is unavailable and nothing was executed: connection refused"
        );
        assert_eq!(failure.code(), FAILED);
    }

    #[test]
    fn a_wrong_call_has_the_exit_code_of_wrong_flags() {
        assert_eq!(Failure::from(resque::Error::NoWorkerQueues).code(), MISUSED);
    }
}
