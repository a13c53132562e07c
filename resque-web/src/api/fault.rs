//! How programs are told what went wrong.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::Fault;

/// Why a request could not be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// One word: `not_found`, `conflict`, `not_offered`, `unavailable`, `bad_request`, `internal`.
    error: &'static str,
    /// The same for people.
    message: String,
}

/// Writes a fault as JSON.
pub(super) async fn as_json(mut response: Response) -> Response {
    match response.extensions_mut().remove::<Fault>() {
        Some(fault) => {
            let problem = Problem {
                error: fault.code(),
                message: fault.message(),
            };
            (fault.status(), Json(problem)).into_response()
        }
        None => response,
    }
}
