//! Which path and method leads where, and who may go there.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::problem::{self, Problem};
use super::state::Http;
use super::{batch, control, counts, index, jobs, settle, status, workers};
use crate::guard::{Guard, Role, Visitor};

/// Everything that can be asked for, behind the guard.
pub(super) fn router(http: Http, guard: Guard) -> Router {
    let most_body = http.settings().most_body;
    let guarded = Router::new()
        .merge(presque())
        .merge(leases())
        .route("/", get(index::get).fallback(index::other))
        .fallback(index::missing)
        .layer(from_fn(reading_takes_nothing))
        .layer(DefaultBodyLimit::max(most_body));
    guard
        .wrap(guarded, Router::new())
        .layer(map_response(problem::as_json))
        .with_state(http)
}

/// The routes of presque. What stands behind a first part may hold slashes, or be nothing.
fn presque() -> Router<Http> {
    let jobs = get(jobs::get)
        .head(jobs::head)
        .post(jobs::post)
        .put(jobs::put)
        .delete(jobs::delete)
        .fallback(jobs::other);
    let batch = get(batch::get)
        .head(batch::head)
        .post(batch::post)
        .put(batch::put)
        .delete(batch::delete)
        .fallback(batch::other);
    let control = get(control::get)
        .post(control::post)
        .fallback(control::other);
    let workers = get(workers::get)
        .post(workers::post)
        .delete(workers::delete)
        .fallback(workers::other);
    Router::new()
        .route("/q/", jobs.clone())
        .route("/q/{*queue}", jobs)
        .route("/qb/", batch.clone())
        .route("/qb/{*queue}", batch)
        .route("/j/", get(counts::get).fallback(counts::other))
        .route("/j/{*queue}", get(counts::get).fallback(counts::other))
        .route("/status/", get(status::get).fallback(status::other))
        .route("/status/{*queue}", get(status::get).fallback(status::other))
        .route("/control/", control.clone())
        .route("/control/{*queue}", control)
        .route("/w/", workers.clone())
        .route("/w/{*queue}", workers)
}

fn leases() -> Router<Http> {
    Router::new()
        .route("/lease/ack", post(settle::ack).fallback(settle::other))
        .route("/lease/fail", post(settle::fail).fallback(settle::other))
        .route(
            "/lease/extend",
            post(settle::extend).fallback(settle::other),
        )
        .route(
            "/lease/release",
            post(settle::release).fallback(settle::other),
        )
}

/// Lets somebody who may only read do nothing else; a GET of a job takes it.
async fn reading_takes_nothing(request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    let reads_only = visitor.is_some_and(|visitor| visitor.role() == Role::ReadOnly);
    if reads_only && !is_reading(&request) {
        let message = "you may look and not take or change anything";
        return Problem::new(StatusCode::FORBIDDEN, message).into_response();
    }
    next.run(request).await
}

fn is_reading(request: &Request) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::HEAD => true,
        Method::GET => !path.starts_with("/q/") && !path.starts_with("/qb/"),
        _ => false,
    }
}
