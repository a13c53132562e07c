//! What a request is answered with that cannot be done: `{"error":"…"}` and a status.

use std::borrow::Cow;
use std::error::Error as _;

use axum::body::to_bytes;
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use resque_core::Error;
use serde::Serialize;

use super::answer;

/// A request that cannot be done, and why.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    message: Cow<'static, str>,
    /// The methods that would do, for a request with another one.
    allow: Option<&'static str>,
}

/// What a handler answers with.
pub(super) type Answer = Result<Response, Problem>;

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            allow: None,
        }
    }

    /// The request itself is wrong.
    pub(super) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// What is asked for is not there.
    pub(super) fn missing(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The path is right and the method is not.
    pub(super) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("method not allowed; this path takes {allow}"),
            )
        }
    }

    /// The store cannot do what is asked for.
    pub(super) fn not_offered(what: &str) -> Self {
        let message = format!("this store does not offer {what}");
        Self::new(StatusCode::NOT_IMPLEMENTED, message)
    }

    /// The same, said of another place than the job.
    pub(super) fn about(mut self, place: &str) -> Self {
        self.message = self.message.replacen("the job", place, 1).into();
        self
    }

    /// Whether the store is the reason, and trying again may help.
    fn is_outage(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

impl From<Error> for Problem {
    /// What the store says, without its causes: those are for the log, because they may name
    /// hosts and users.
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::Rejected { transient, .. } if *transient => StatusCode::SERVICE_UNAVAILABLE,
            Error::OutcomeUnknown { .. } => StatusCode::GATEWAY_TIMEOUT,
            Error::Conflict { .. } => StatusCode::CONFLICT,
            Error::NotOffered { .. } => StatusCode::NOT_IMPLEMENTED,
            Error::InvalidQueueName { .. }
            | Error::InvalidQueuePattern { .. }
            | Error::InvalidWorkerId { .. }
            | Error::InvalidSetting { .. }
            | Error::NoWorkerQueues => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            let cause = error.source().map(ToString::to_string);
            tracing::error!(%status, %error, cause, "a request of the HTTP interface failed");
        }
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            error: &self.message,
        };
        let mut response = answer::json(self.status, &body);
        let headers = response.headers_mut();
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.is_outage() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Tells in JSON what stands before the handlers told as text: a wrong host, a wrong login. What is
/// no text, such as the login page of the application around, stays as it is.
pub(super) async fn as_json(response: Response) -> Response {
    /// No refusal is longer.
    const LONGEST: usize = 4_096;
    let is_text = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    let status = response.status();
    if !is_text || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, LONGEST).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let body = answer::json(status, &Body { error: text.trim() }).into_body();
    parts.headers.insert(CONTENT_TYPE, answer::JSON);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, body)
}
