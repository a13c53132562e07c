//! One failed job.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Failure, FailureQuery};

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    shell: Shell,
    view: Failure,
}

impl FailurePage {
    /// Other failed jobs that have this in common.
    fn like(&self, name: &str, value: &str) -> String {
        format!("{}/failed?{name}={}", self.shell.base, show::part(value))
    }
}

pub(super) async fn failure(
    visit: Visit,
    Asked(query): Asked<FailureQuery>,
) -> Result<Response, Fault> {
    let view = Failure::ask(&visit.app, &query).await?;
    let title = match view.record.job.class.as_deref() {
        Some(class) => format!("{} failed", show::plain(class)),
        None => "A failed job".to_owned(),
    };
    let shell = visit.shell(Tab::Failed, title);
    Ok(visit.page(&FailurePage { shell, view }))
}
