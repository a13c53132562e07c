//! One worker.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Worker, WorkerQuery};

#[derive(Template)]
#[template(path = "worker.html")]
struct WorkerPage {
    shell: Shell,
    view: Worker,
}

pub(super) async fn worker(
    visit: Visit,
    Asked(query): Asked<WorkerQuery>,
) -> Result<Response, Fault> {
    let view = Worker::ask(&visit.app, &query).await?;
    let title = format!("Worker {}", show::plain(&view.worker.id));
    let shell = visit.shell(Tab::Workers, title).live();
    Ok(visit.page(&WorkerPage { shell, view }))
}
