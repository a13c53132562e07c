//! The recurring jobs.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::fault::Fault;
use crate::view::Schedules;

#[derive(Template)]
#[template(path = "schedules.html")]
struct SchedulesPage {
    shell: Shell,
    view: Schedules,
}

pub(super) async fn schedules(visit: Visit) -> Result<Response, Fault> {
    let view = Schedules::ask(&visit.app).await?;
    let shell = visit.shell(Tab::Schedules, "Schedules").live();
    Ok(visit.page(&SchedulesPage { shell, view }))
}
