//! Reading: the twins of the pages.

use axum::Json;
use axum::extract::State;

use super::Asked;
use super::fault::Problem;
use crate::fault::Fault;
use crate::state::App;
use crate::view::{
    BackendView, Overview, Queue, QueueQuery, Queues, QueuesQuery, Worker, WorkerQuery, Workers,
    WorkersQuery, Working, paging,
};

/// The store at a glance.
#[utoipa::path(
    get,
    path = "/overview",
    responses((status = 200, body = Overview), (status = 503, body = Problem))
)]
pub(super) async fn overview(State(app): State<App>) -> Result<Json<Overview>, Fault> {
    Overview::ask(&app).await.map(Json)
}

/// All queues, a page at a time.
#[utoipa::path(
    get,
    path = "/queues",
    params(QueuesQuery),
    responses((status = 200, body = Queues), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn queues(
    State(app): State<App>,
    Asked(query): Asked<QueuesQuery>,
) -> Result<Json<Queues>, Fault> {
    Queues::ask(&app, &query).await.map(Json)
}

/// One queue and the jobs that wait in it, a page at a time.
#[utoipa::path(
    get,
    path = "/queue",
    params(QueueQuery),
    responses((status = 200, body = Queue), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn queue(
    State(app): State<App>,
    Asked(query): Asked<QueueQuery>,
) -> Result<Json<Queue>, Fault> {
    Queue::ask(&app, &query).await.map(Json)
}

/// What is being worked, a page at a time.
#[utoipa::path(
    get,
    path = "/working",
    params(paging::From),
    responses((status = 200, body = Working), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn working(
    State(app): State<App>,
    Asked(page): Asked<paging::From>,
) -> Result<Json<Working>, Fault> {
    Working::ask(&app, page).await.map(Json)
}

/// All workers, by host, a page at a time.
#[utoipa::path(
    get,
    path = "/workers",
    params(WorkersQuery),
    responses((status = 200, body = Workers), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn workers(
    State(app): State<App>,
    Asked(query): Asked<WorkersQuery>,
) -> Result<Json<Workers>, Fault> {
    Workers::ask(&app, &query).await.map(Json)
}

/// One worker and what it does.
#[utoipa::path(
    get,
    path = "/worker",
    params(WorkerQuery),
    responses((status = 200, body = Worker), (status = 404, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn worker(
    State(app): State<App>,
    Asked(query): Asked<WorkerQuery>,
) -> Result<Json<Worker>, Fault> {
    Worker::ask(&app, &query).await.map(Json)
}

/// The store itself: which one it is, what it can do, how it is.
#[utoipa::path(
    get,
    path = "/backend",
    responses((status = 200, body = BackendView), (status = 503, body = Problem))
)]
pub(super) async fn backend(State(app): State<App>) -> Result<Json<BackendView>, Fault> {
    BackendView::ask(&app).await.map(Json)
}
