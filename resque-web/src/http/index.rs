//! `/`: what can be asked for.

use super::answer;
use super::problem::{Answer, Problem};

const ROUTES: &[&str] = &[
    "GET POST PUT DELETE /q/<queue>",
    "GET POST /qb/<queue>",
    "GET /j/<queue>",
    "GET /status/",
    "GET /status/<queue>",
    "GET POST /control/<queue>",
    "GET POST DELETE /w/<queue>",
    "POST /q/<queues>/lease",
    "POST /lease/ack",
    "POST /lease/fail",
    "POST /lease/extend",
    "POST /lease/release",
];

#[derive(serde::Serialize)]
struct Index {
    name: &'static str,
    version: &'static str,
    routes: &'static [&'static str],
}

pub(super) async fn get() -> Answer {
    Ok(answer::ok(&Index {
        name: "resque",
        version: env!("CARGO_PKG_VERSION"),
        routes: ROUTES,
    }))
}

pub(super) async fn other() -> Problem {
    Problem::method("GET, HEAD")
}

/// Any path that means nothing.
pub(super) async fn missing() -> Problem {
    Problem::missing("there is nothing here; GET / tells what there is")
}
