//! Answers in JSON.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;

/// The content type of every answer, as presque has it.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer with this value in it.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => raw(status, text),
        // Nothing that is answered here has keys that are no text, or fails by itself.
        Err(error) => {
            tracing::error!(%error, "an answer of the HTTP interface could not be written");
            raw(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
        }
    }
}

/// The same for a request that was done.
pub(super) fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, value)
}

/// An answer of exactly these bytes.
pub(super) fn raw(status: StatusCode, bytes: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(bytes.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// An answer that says everything by its status.
pub(super) fn empty(status: StatusCode) -> Response {
    raw(status, Bytes::new())
}
