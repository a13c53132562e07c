//! The jobs that wait for their time.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Delayed, DelayedQuery};

#[derive(Template)]
#[template(path = "delayed.html")]
struct DelayedPage {
    shell: Shell,
    view: Delayed,
    is_first: bool,
}

impl DelayedPage {
    fn link(&self, after: &str) -> String {
        format!("{}/delayed?after={}", self.shell.base, show::part(after))
    }
}

pub(super) async fn delayed(
    visit: Visit,
    Asked(query): Asked<DelayedQuery>,
) -> Result<Response, Fault> {
    let view = Delayed::ask(&visit.app, &query).await?;
    let is_first = query.after.is_none_or(|after| after.is_empty());
    let shell = visit.shell(Tab::Delayed, "Delayed").live();
    Ok(visit.page(&DelayedPage {
        shell,
        view,
        is_first,
    }))
}
