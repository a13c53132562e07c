//! The body of a request, whole and not too large.

use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use resque_core::wire::json::is_object;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The bytes of a body, read whole; too many are refused with a clear word.
#[derive(Debug)]
pub(super) struct Body(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))) => {
                let message = "the body is too large";
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message))
            }
            Err(_) => Err(Problem::bad("the body broke off")),
        }
    }
}

impl Body {
    /// The bytes of a body that has to say that it is JSON and to say something.
    pub(super) fn of_jobs(self, headers: &HeaderMap) -> Result<Bytes, Problem> {
        if !says_json(headers) {
            return Err(Problem::bad("content-type must be set to application/json"));
        }
        if self.0.trim_ascii().is_empty() {
            return Err(Problem::bad("job is missing"));
        }
        // What was read from the connection along with it would be kept as long as the job.
        Ok(Bytes::copy_from_slice(&self.0))
    }
}

/// Reads a body that says something in a JSON object, whatever its content type says.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if !is_object(body) {
        return Err(Problem::bad("the body must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Problem::bad(format!("the body: {error}")))
}

/// Whether the media type is JSON; what stands behind a semicolon does not matter. A type that only
/// has the words in it somewhere is another one: browsers send some of those without asking.
fn says_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    media.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        for (value, json) in [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("Application/JSON;charset=utf-8", true),
            ("text/plain", false),
            ("text/plain; application/json", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(says_json(&headers), json, "{value}");
        }
        assert!(!says_json(&HeaderMap::new()));
    }
}
