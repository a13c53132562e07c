//! What every answer tells browsers to keep to.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::response::Response;

/// Only our own files, no code in pages, nobody may frame us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds them; what is there already stays.
pub(super) async fn add(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY.as_str(), POLICY),
        (X_FRAME_OPTIONS.as_str(), "DENY"),
        (X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff"),
        // Not `no-referrer`: browsers would send `Origin: null` with our own forms.
        (REFERRER_POLICY.as_str(), "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
        ("x-robots-tag", "noindex, nofollow"),
        (CACHE_CONTROL.as_str(), "no-store"),
    ] {
        if !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
