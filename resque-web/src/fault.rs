//! Why a request could not be answered, and how that is told: as a page to people, as JSON to
//! programs.

use std::error::Error as StdError;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use resque_core::Error;

/// Why a request could not be answered.
///
/// As a response it carries itself in the extensions, so that the router it passes through can write
/// it as its readers like it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The store, or what was asked of it.
    Store(Arc<Error>),
    /// There is no such thing.
    Missing(String),
    /// The request makes no sense.
    Misused(String),
}

impl Fault {
    /// What is not there.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        Self::Missing(what.into())
    }

    /// What is wrong with the request.
    pub(crate) fn misused(what: impl Into<String>) -> Self {
        Self::Misused(what.into())
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Misused(_) => StatusCode::BAD_REQUEST,
            Self::Store(error) => status(error),
        }
    }

    /// One word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self.status() {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::CONFLICT => "conflict",
            StatusCode::NOT_IMPLEMENTED => "not_offered",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            StatusCode::BAD_REQUEST => "bad_request",
            _ => "internal",
        }
    }

    /// What people are told. The cause, which may name hosts, goes to the log.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Store(error) => error.to_string(),
            Self::Missing(what) | Self::Misused(what) => what.clone(),
        }
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unavailable { .. } | Error::OutcomeUnknown { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Rejected {
            transient: true, ..
        } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Conflict { .. } => StatusCode::CONFLICT,
        Error::NotOffered { .. } => StatusCode::NOT_IMPLEMENTED,
        Error::InvalidQueueName { .. }
        | Error::InvalidQueuePattern { .. }
        | Error::InvalidWorkerId { .. }
        | Error::InvalidSchedule { .. }
        | Error::InvalidSetting { .. }
        | Error::NoClass
        | Error::NoQueue { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self
            && self.status().is_server_error()
        {
            let cause = StdError::source(&**error).map(ToString::to_string);
            tracing::warn!(%error, cause, "a request could not be answered");
        }
        let mut response = (self.status(), self.message()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
