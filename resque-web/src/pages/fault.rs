//! How people are told what went wrong.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::{Shell, Tab, Visit};
use crate::fault::Fault;
use crate::state::App;

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    shell: Shell,
    status: u16,
    message: &'a str,
}

/// Writes a fault as a page.
pub(super) async fn as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let visit = Visit::from_request_parts(&mut parts, &app).await;
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let (Some(fault), Ok(visit)) = (response.extensions_mut().remove::<Fault>(), visit) else {
        return response;
    };
    let message = fault.message();
    let page = FaultPage {
        shell: visit.shell(Tab::None, "Something is wrong"),
        status: fault.status().as_u16(),
        message: &message,
    };
    match page.render() {
        Ok(page) => (fault.status(), Html(page)).into_response(),
        Err(_) => response,
    }
}
