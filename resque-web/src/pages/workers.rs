//! All workers, by host.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Workers, WorkersQuery};

#[derive(Template)]
#[template(path = "workers.html")]
struct WorkersPage {
    shell: Shell,
    view: Workers,
}

impl WorkersPage {
    /// The page that begins behind this worker.
    fn link(&self, after: &str) -> String {
        let after = show::part(after);
        match &self.view.host {
            Some(host) => format!(
                "{}/workers?host={}&after={after}",
                self.shell.base,
                show::part(host)
            ),
            None => format!("{}/workers?after={after}", self.shell.base),
        }
    }
}

pub(super) async fn workers(
    visit: Visit,
    Asked(query): Asked<WorkersQuery>,
) -> Result<Response, Fault> {
    let view = Workers::ask(&visit.app, &query).await?;
    let shell = visit.shell(Tab::Workers, "Workers").live();
    Ok(visit.page(&WorkersPage { shell, view }))
}
