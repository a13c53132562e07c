//! The pages: each renders one view with one template.

mod backend;
mod bookmarks;
mod bulk;
mod delayed;
mod failed;
mod failure;
mod fault;
mod overview;
mod queue;
mod queues;
mod schedules;
mod search;
mod shell;
pub(crate) mod show;
mod stats;
mod visit;
mod worker;
mod workers;
mod working;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::actions;
use crate::fault::Fault;
use crate::live;
use crate::state::App;

pub(crate) use self::shell::{Shell, Tab};
pub(crate) use self::visit::Visit;

/// The routes of all pages. A new file of this module adds its own here.
pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/overview", get(overview::overview))
        .route("/queues", get(queues::queues))
        .route("/queue", get(queue::queue))
        .route("/working", get(working::working))
        .route("/workers", get(workers::workers))
        .route("/worker", get(worker::worker))
        .route("/failed", get(failed::failed))
        .route("/failed/groups", get(failed::groups))
        .route("/failed/all", post(bulk::all))
        .route("/failure", get(failure::failure))
        .route("/delayed", get(delayed::delayed))
        .route("/schedules", get(schedules::schedules))
        .route("/search", get(search::search))
        .route("/stats", get(stats::stats))
        .route("/backend", get(backend::backend))
        .route("/live", get(live::live))
        .merge(bookmarks::router())
        .merge(actions::router())
        .fallback(async || Fault::missing("There is no such page."))
        .layer(from_fn_with_state(app.clone(), fault::as_page))
}

async fn home(visit: Visit) -> Redirect {
    Redirect::to(&visit.link("/overview"))
}
