//! Reading failed, delayed and recurring jobs, and numbers over time: the twins of the pages.

use axum::Json;
use axum::extract::State;

use super::Asked;
use super::fault::Problem;
use crate::fault::Fault;
use crate::state::App;
use crate::view::{
    Delayed, DelayedQuery, Failure, FailureQuery, Failures, FailuresPage, Groups, GroupsQuery,
    Schedules, Search, SearchQuery, Stats, StatsQuery, Wanted,
};

/// The failed jobs, a page at a time; a filter reads a bounded number of records for a page.
#[utoipa::path(
    get,
    path = "/failures",
    params(Wanted, FailuresPage),
    responses((status = 200, body = Failures), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn failures(
    State(app): State<App>,
    Asked(wanted): Asked<Wanted>,
    Asked(page): Asked<FailuresPage>,
) -> Result<Json<Failures>, Fault> {
    Failures::ask(&app, &wanted, &page).await.map(Json)
}

/// The failed jobs in groups, counted among the newest records.
#[utoipa::path(
    get,
    path = "/failures/groups",
    params(Wanted, GroupsQuery),
    responses((status = 200, body = Groups), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn groups(
    State(app): State<App>,
    Asked(wanted): Asked<Wanted>,
    Asked(query): Asked<GroupsQuery>,
) -> Result<Json<Groups>, Fault> {
    Groups::ask(&app, &wanted, &query).await.map(Json)
}

/// One failed job, with everything that is known about it.
#[utoipa::path(
    get,
    path = "/failure",
    params(FailureQuery),
    responses((status = 200, body = Failure), (status = 404, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn failure(
    State(app): State<App>,
    Asked(query): Asked<FailureQuery>,
) -> Result<Json<Failure>, Fault> {
    Failure::ask(&app, &query).await.map(Json)
}

/// The jobs that wait for their time, in the order of it, a page at a time.
#[utoipa::path(
    get,
    path = "/delayed",
    params(DelayedQuery),
    responses((status = 200, body = Delayed), (status = 400, body = Problem), (status = 501, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn delayed(
    State(app): State<App>,
    Asked(query): Asked<DelayedQuery>,
) -> Result<Json<Delayed>, Fault> {
    Delayed::ask(&app, &query).await.map(Json)
}

/// The recurring jobs.
#[utoipa::path(
    get,
    path = "/schedules",
    responses((status = 200, body = Schedules), (status = 501, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn schedules(State(app): State<App>) -> Result<Json<Schedules>, Fault> {
    Schedules::ask(&app).await.map(Json)
}

/// Jobs that contain a text, wherever they are; reads a bounded number for a page.
#[utoipa::path(
    get,
    path = "/search",
    params(SearchQuery),
    responses((status = 200, body = Search), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn search(
    State(app): State<App>,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<Search>, Fault> {
    Search::ask(&app, &query).await.map(Json)
}

/// Numbers, now and over time.
#[utoipa::path(
    get,
    path = "/stats",
    params(StatsQuery),
    responses((status = 200, body = Stats), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn stats(
    State(app): State<App>,
    Asked(query): Asked<StatsQuery>,
) -> Result<Json<Stats>, Fault> {
    Stats::ask(&app, query).await.map(Json)
}
