//! The store at a glance.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::fault::Fault;
use crate::view::Overview;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    view: Overview,
}

pub(super) async fn overview(visit: Visit) -> Result<Response, Fault> {
    let view = Overview::ask(&visit.app).await?;
    let shell = visit.shell(Tab::Overview, "Overview").live();
    Ok(visit.page(&OverviewPage { shell, view }))
}
