//! The store itself.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::fault::Fault;
use crate::view::BackendView;

#[derive(Template)]
#[template(path = "backend.html")]
struct BackendPage {
    shell: Shell,
    view: BackendView,
}

pub(super) async fn backend(visit: Visit) -> Result<Response, Fault> {
    let view = BackendView::ask(&visit.app).await?;
    let shell = visit.shell(Tab::Backend, "Backend");
    Ok(visit.page(&BackendPage { shell, view }))
}
