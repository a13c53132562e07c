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

impl BackendPage {
    /// Whether the clocks differ by no more than can be measured.
    fn clocks_agree(&self) -> bool {
        // Milliseconds of an answer are far below the numbers that a float cannot hold.
        self.view.clock_ahead_ms.unsigned_abs() as f64 <= self.view.round_trip_ms + 1.0
    }
}

pub(super) async fn backend(visit: Visit) -> Result<Response, Fault> {
    let view = BackendView::ask(&visit.app).await?;
    let shell = visit.shell(Tab::Backend, "Backend");
    Ok(visit.page(&BackendPage { shell, view }))
}
