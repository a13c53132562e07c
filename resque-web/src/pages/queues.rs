//! All queues, a page at a time.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{QueueOrder, Queues, QueuesQuery};

#[derive(Template)]
#[template(path = "queues.html")]
struct QueuesPage {
    shell: Shell,
    query: QueuesQuery,
    view: Queues,
}

impl QueuesPage {
    fn by_length(&self) -> bool {
        self.query.order == QueueOrder::Length
    }

    /// The page that begins behind this cursor.
    fn link(&self, after: &str) -> String {
        let order = if self.by_length() { "length" } else { "name" };
        let (search, after) = (show::part(&self.query.search), show::part(after));
        format!(
            "{}/queues?order={order}&search={search}&after={after}",
            self.shell.base
        )
    }
}

pub(super) async fn queues(
    visit: Visit,
    Asked(query): Asked<QueuesQuery>,
) -> Result<Response, Fault> {
    let view = Queues::ask(&visit.app, &query).await?;
    let shell = visit.shell(Tab::Queues, "Queues").live();
    Ok(visit.page(&QueuesPage { shell, query, view }))
}
