//! The one error type of the workspace, by situation.

use std::error::Error as StdError;
use std::fmt;

/// What a fallible call of this workspace returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync>;

/// What could not be done, by situation rather than by origin.
///
/// The message says what failed, where, and what to do; the cause, when there is one, is
/// [`source`](StdError::source) and never repeated in the message. Its `Debug` is for people too,
/// because that is what a `main` that returns it shows: the message, and below it each cause.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store could not be reached, and nothing was executed. Trying again is safe.
    #[error("{what}: the store is unavailable and nothing was executed")]
    Unavailable {
        /// What was being done, and where.
        what: String,
        /// Why the store could not be reached.
        #[source]
        source: Option<Source>,
    },
    /// The request was sent and its reply was lost: it may or may not have been executed.
    #[error("{what}: the reply was lost, so it may or may not have been executed")]
    OutcomeUnknown {
        /// What was being done, and where.
        what: String,
        /// How the reply was lost.
        #[source]
        source: Option<Source>,
    },
    /// The store understood the request and refused it.
    #[error("{what}: the store refused: {reason}")]
    Rejected {
        /// What was being done, and where.
        what: String,
        /// The store's own words.
        reason: String,
        /// Whether the refusal passes by itself (loading, read-only replica, out of memory).
        transient: bool,
    },
    /// Something in the store is not what it has to be.
    #[error("{place} holds {found}, expected {expected}")]
    Corrupt {
        /// Where: a key, a table and row, a file and line.
        place: String,
        /// What was found there.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// What the caller referred to has changed or gone since it was read.
    #[error("{what} has changed or gone since it was read; read it again")]
    Conflict {
        /// What the caller referred to.
        what: String,
    },
    /// A job was given no queue and none could be inferred.
    #[error("Jobs must be placed onto a queue. No queue could be inferred for class {class}")]
    NoQueue {
        /// The class of the job.
        class: String,
    },
    /// A job was given no class.
    #[error("Jobs must be given a class.")]
    NoClass,
    /// A worker was given no queue.
    #[error("Please give each worker at least one queue.")]
    NoWorkerQueues,
    /// A queue name outside the allowed shape.
    #[error("{name:?} is no queue name: {reason}")]
    InvalidQueueName {
        /// The name, with undecodable bytes replaced.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A queue pattern that cannot be used.
    #[error("{pattern:?} is no queue pattern: {reason}")]
    InvalidQueuePattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A worker id outside the shape `host:pid:queues`.
    #[error("{id:?} is no worker id: {reason}")]
    InvalidWorkerId {
        /// The id, with undecodable bytes replaced.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A job's arguments could not be written as JSON.
    #[error("the arguments of {class} cannot be written as JSON")]
    Encode {
        /// The class of the job.
        class: String,
        /// What could not be written.
        #[source]
        source: Source,
    },
    /// A setting that cannot be used.
    #[error("{setting}: {reason}")]
    InvalidSetting {
        /// The setting: a flag, a variable, a part of a URL.
        setting: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A schedule that cannot be used.
    #[error("the schedule {schedule:?} cannot be used: {field}: {reason}")]
    InvalidSchedule {
        /// The name of the schedule.
        schedule: String,
        /// Which part of it: `cron`, `every`, `class`, …
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A hook or middleware of the application failed.
    #[error("the hook {hook} failed")]
    Hook {
        /// The name of the hook.
        hook: String,
        /// What the hook said.
        #[source]
        source: Source,
    },
    /// A job that was performed at once, in inline mode, failed.
    #[error("{class} failed with {exception}: {error}")]
    JobFailed {
        /// The class of the job.
        class: String,
        /// The kind of error.
        exception: String,
        /// The error's message.
        error: String,
    },
    /// The store does not offer what the call needs.
    #[error("{what} needs a backend that offers {ability}, and {backend} does not")]
    NotOffered {
        /// What was asked for.
        what: &'static str,
        /// The ability that is missing.
        ability: &'static str,
        /// The name of the backend.
        backend: &'static str,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::OutcomeUnknown { .. } => true,
            Self::Rejected { transient, .. } => *transient,
            _ => false,
        }
    }

    /// The store could not be reached while doing `what`.
    pub fn unavailable(what: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Unavailable {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    /// The reply to `what` was lost.
    pub fn outcome_unknown(what: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::OutcomeUnknown {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    /// The same error for each of so many calls that went wrong together; one of them gets it with
    /// its cause as it is, the others with its cause as text.
    #[must_use]
    pub fn for_each(self, calls: usize) -> Vec<Self> {
        let mut errors: Vec<_> = (1..calls).map(|_| self.for_another()).collect();
        errors.push(self);
        errors
    }

    /// The same error once more, for another of those whose calls went wrong together. Its cause is
    /// left as text.
    fn for_another(&self) -> Self {
        let source = StdError::source(self).map(|cause| cause.to_string().into());
        match self {
            Self::Unavailable { what, .. } => Self::Unavailable {
                what: what.clone(),
                source,
            },
            Self::OutcomeUnknown { what, .. } => Self::OutcomeUnknown {
                what: what.clone(),
                source,
            },
            Self::Corrupt {
                place,
                found,
                expected,
            } => Self::Corrupt {
                place: place.clone(),
                found: found.clone(),
                expected: expected.clone(),
            },
            Self::Rejected {
                what,
                reason,
                transient,
            } => Self::Rejected {
                what: what.clone(),
                reason: reason.clone(),
                transient: *transient,
            },
            other => Self::Rejected {
                what: "a call that went together with others".to_owned(),
                reason: other.to_string(),
                transient: other.is_transient(),
            },
        }
    }

    /// The error for a name that is no queue name.
    pub(crate) fn queue_name(name: &[u8], reason: &'static str) -> Self {
        Self::InvalidQueueName {
            name: String::from_utf8_lossy(name).into_owned(),
            reason,
        }
    }

    /// The error for a schedule that cannot be used.
    pub(crate) fn schedule(
        schedule: impl Into<String>,
        field: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::InvalidSchedule {
            schedule: schedule.into(),
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// The error for a class that has no queue.
    #[must_use]
    pub fn no_queue(class: impl Into<String>) -> Self {
        Self::NoQueue {
            class: class.into(),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut next = self.source();
        while let Some(cause) = next {
            write!(f, "\n  caused by: {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(error: &dyn StdError) -> Vec<String> {
        let mut texts = vec![error.to_string()];
        let mut next = error.source();
        while let Some(cause) = next {
            texts.push(cause.to_string());
            next = cause.source();
        }
        texts
    }

    #[test]
    fn a_message_never_repeats_its_cause() {
        let error = Error::unavailable("push to redis", "connection refused");
        let texts = chain(&error);
        assert_eq!(texts.len(), 2);
        assert!(!texts[0].contains("connection refused"), "{texts:?}");
    }

    #[test]
    fn a_program_that_ends_with_it_shows_every_cause() {
        let cause = Error::unavailable("read", "connection refused");
        let error = Error::unavailable("push to redis", cause);
        assert_eq!(
            format!("{error:?}"),
            "push to redis: the store is unavailable and nothing was executed\n  \
             caused by: read: the store is unavailable and nothing was executed\n  \
             caused by: connection refused"
        );
    }

    #[test]
    fn an_error_for_another_says_the_same() {
        let errors = [
            Error::unavailable("push", "gone"),
            Error::outcome_unknown("push", "cut"),
            Error::Rejected {
                what: "push".into(),
                reason: "OOM".into(),
                transient: true,
            },
            Error::Corrupt {
                place: "the key q".into(),
                found: "a string".into(),
                expected: "a list".into(),
            },
        ];
        for error in errors {
            let other = error.for_another();
            assert_eq!(chain(&other), chain(&error));
            assert_eq!(other.is_transient(), error.is_transient());
        }
        assert!(
            Error::NoClass
                .for_another()
                .to_string()
                .contains("given a class")
        );
    }

    #[test]
    fn outages_are_transient_and_mistakes_are_not() {
        assert!(Error::unavailable("push", "gone").is_transient());
        assert!(Error::outcome_unknown("push", "gone").is_transient());
        assert!(!Error::NoClass.is_transient());
        let rejected = |transient| Error::Rejected {
            what: "push".into(),
            reason: "OOM".into(),
            transient,
        };
        assert!(rejected(true).is_transient());
        assert!(!rejected(false).is_transient());
    }

    #[test]
    fn resques_own_texts_are_kept() {
        assert_eq!(
            Error::no_queue("Archive").to_string(),
            "Jobs must be placed onto a queue. No queue could be inferred for class Archive"
        );
        assert_eq!(Error::NoClass.to_string(), "Jobs must be given a class.");
    }
}
