//! Failures of the way to the server, as opposed to the server's own refusals.

use std::sync::Arc;

use resque_core::Error;

use super::ServerError;

/// The underlying failure of a client crate or of the operating system.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A batch that got no replies, by what is known about its commands.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// Nothing was executed: there is no connection and none could be made.
    #[error("Redis at {place} cannot be reached; nothing was sent")]
    Unavailable {
        /// Host and port or socket path.
        place: Arc<str>,
        /// Why not.
        #[source]
        cause: Cause,
    },
    /// Commands may have been executed: the connection was lost, or the time ran out, before their
    /// replies came.
    #[error("no reply from Redis at {place}; the commands sent may or may not have run")]
    OutcomeUnknown {
        /// Host and port or socket path.
        place: Arc<str>,
        /// What happened to the connection.
        #[source]
        cause: Cause,
    },
    /// Nothing was executed: the server answered, but does not let us in.
    #[error("Redis at {place} refuses the connection; check user, password and database number")]
    Refused {
        /// Host and port or socket path.
        place: Arc<str>,
        /// The server's answer.
        #[source]
        cause: ServerError,
    },
}

impl DriverError {
    /// There is no connection to `place`, because of `cause`.
    pub(crate) fn unavailable(
        place: &Arc<str>,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Unavailable {
            place: Arc::clone(place),
            cause: Arc::new(cause),
        }
    }

    /// The replies from `place` did not come, because of `cause`.
    pub(crate) fn outcome_unknown(
        place: &Arc<str>,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::OutcomeUnknown {
            place: Arc::clone(place),
            cause: Arc::new(cause),
        }
    }

    /// The server at `place` answered a login with `cause`.
    pub(crate) fn turned_away(place: &Arc<str>, cause: ServerError) -> Self {
        if cause.is_transient() {
            return Self::unavailable(place, cause);
        }
        Self::Refused {
            place: Arc::clone(place),
            cause,
        }
    }

    /// Tells whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// Tells whether something may have been executed.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }

    /// The error of a step that executes nothing that matters, as a login.
    pub(crate) fn before_execution(self) -> Self {
        match self {
            Self::OutcomeUnknown { place, cause } => Self::Unavailable { place, cause },
            other => other,
        }
    }

    /// The error of a later step, after an earlier one has executed something.
    pub(crate) fn after_partial_execution(self) -> Self {
        match self {
            Self::Unavailable { place, cause } => Self::OutcomeUnknown { place, cause },
            Self::Refused { place, cause } => Self::OutcomeUnknown {
                place,
                cause: Arc::new(cause),
            },
            unknown @ Self::OutcomeUnknown { .. } => unknown,
        }
    }
}

impl DriverError {
    /// Turns this into the workspace's error; `what` says what was being done, for instance `push`.
    #[must_use]
    pub fn during(self, what: &str) -> Error {
        match self {
            Self::Unavailable { place, cause } => {
                Error::unavailable(format!("{what} on Redis at {place}"), cause)
            }
            Self::OutcomeUnknown { place, cause } => {
                Error::outcome_unknown(format!("{what} on Redis at {place}"), cause)
            }
            Self::Refused { place, cause } => Error::Rejected {
                what: format!("{what} on Redis at {place}"),
                reason: cause.to_string(),
                transient: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_situation_stays_what_it_is() {
        let place: Arc<str> = "somewhere:1/0".into();
        let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let unavailable = DriverError::unavailable(&place, broken());
        let unknown = DriverError::outcome_unknown(&place, broken());
        let refused = DriverError::turned_away(&place, ServerError::from_line("WRONGPASS no"));
        let loading = DriverError::turned_away(&place, ServerError::from_line("LOADING wait"));
        assert!(matches!(loading, DriverError::Unavailable { .. }));
        assert!(unknown.clone().before_execution().is_transient());
        assert!(!unknown.clone().before_execution().is_outcome_unknown());
        assert!(
            refused
                .clone()
                .after_partial_execution()
                .is_outcome_unknown()
        );
        for (error, transient) in [(unavailable, true), (unknown, true), (refused, false)] {
            assert_eq!(error.is_transient(), transient);
            let ours = error.clone().during("push");
            assert_eq!(ours.is_transient(), transient);
            assert!(
                ours.to_string()
                    .starts_with("push on Redis at somewhere:1/0"),
                "{ours}"
            );
        }
    }

    #[test]
    fn a_message_never_repeats_its_cause() {
        let cause = std::io::Error::other("the cable was cut");
        let error = DriverError::unavailable(&"p".into(), cause);
        for error in [
            &error as &dyn std::error::Error,
            &error.clone().during("push"),
        ] {
            assert!(!error.to_string().contains("cable"), "{error}");
            assert!(
                error
                    .source()
                    .is_some_and(|cause| cause.to_string().contains("cable"))
            );
        }
    }
}
