//! What is being worked.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Working, paging};

#[derive(Template)]
#[template(path = "working.html")]
struct WorkingPage {
    shell: Shell,
    view: Working,
}

pub(super) async fn working(
    visit: Visit,
    Asked(page): Asked<paging::From>,
) -> Result<Response, Fault> {
    let view = Working::ask(&visit.app, page).await?;
    let shell = visit.shell(Tab::Working, "Working").live();
    Ok(visit.page(&WorkingPage { shell, view }))
}
