//! The addresses of the pages that Ruby's Resque and its scheduler have, so that old bookmarks lead
//! to what shows the same here.

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::get;

use super::{Visit, show};
use crate::fault::Fault;
use crate::state::App;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/queues/{name}", get(queue))
        .route("/working/{id}", get(worker))
        .route("/workers/{which}", get(workers))
        .route("/failed/{list}", get(failed))
        .route("/schedule", get(schedules))
        .route("/delayed/{second}", get(delayed))
        .route("/delayed/jobs/{class}", get(delayed_of_a_class))
        .route("/stats/{which}", get(stats))
}

fn to(visit: &Visit, path: impl AsRef<str>) -> Redirect {
    Redirect::to(&visit.link(path.as_ref()))
}

async fn queue(visit: Visit, Path(name): Path<String>) -> Redirect {
    to(&visit, format!("/queue?name={}", show::part(name)))
}

async fn worker(visit: Visit, Path(id): Path<String>) -> Redirect {
    to(&visit, format!("/worker?id={}", show::part(id)))
}

/// All of them, those of a host, or one.
async fn workers(visit: Visit, Path(which): Path<String>) -> Redirect {
    match which.as_str() {
        "all" => to(&visit, "/workers"),
        id if id.contains(':') => worker(visit, Path(which)).await,
        host => to(&visit, format!("/workers?host={}", show::part(host))),
    }
}

/// Where each queue has a list of failures, it is called after the queue.
async fn failed(visit: Visit, Path(list): Path<String>) -> Result<Redirect, Fault> {
    match list.strip_suffix("_failed") {
        Some(queue) => Ok(to(&visit, format!("/failed?queue={}", show::part(queue)))),
        None if list == "failed" => Ok(to(&visit, "/failed")),
        None => Err(Fault::missing("There is no such page.")),
    }
}

async fn schedules(visit: Visit) -> Redirect {
    to(&visit, "/schedules")
}

async fn delayed(visit: Visit, Path(second): Path<String>) -> Result<Redirect, Fault> {
    match second.parse::<u64>() {
        Ok(_) => Ok(to(&visit, "/delayed")),
        Err(_) => Err(Fault::missing("There is no such page.")),
    }
}

async fn delayed_of_a_class(visit: Visit, Path(class): Path<String>) -> Redirect {
    let path = format!("/search?place=delayed&text={}", show::part(class));
    to(&visit, path)
}

/// Numbers of the jobs, or of the store.
async fn stats(visit: Visit, Path(which): Path<String>) -> Result<Redirect, Fault> {
    match which.as_str() {
        "resque" => Ok(to(&visit, "/stats")),
        "redis" | "keys" => Ok(to(&visit, "/backend")),
        _ => Err(Fault::missing("There is no such page.")),
    }
}
