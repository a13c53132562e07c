//! Failures of the way to the server, as opposed to the server's own refusals.

use std::sync::Arc;

use thiserror::Error;

use super::ServerError;

/// The underlying failure of a client crate or of the operating system.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A batch that got no replies, by what is known about its commands.
#[derive(Clone, Debug, Error)]
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
    /// Commands may have been executed: the connection was lost, or the time ran out, before their replies came.
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
