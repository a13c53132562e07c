//! One queue and what waits in it.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Given, Queue, QueueQuery};

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    shell: Shell,
    view: Queue,
}

impl QueuePage {
    /// The page that begins at this place.
    fn link(&self, from: impl Given<u32>) -> String {
        let (name, from) = (show::part(&self.view.name), from.value());
        format!("{}/queue?name={name}&from={from}", self.shell.base)
    }
}

pub(super) async fn queue(
    visit: Visit,
    Asked(query): Asked<QueueQuery>,
) -> Result<Response, Fault> {
    let view = Queue::ask(&visit.app, &query).await?;
    let title = show::plain(&view.name);
    let shell = visit.shell(Tab::Queues, title).live();
    Ok(visit.page(&QueuePage { shell, view }))
}
