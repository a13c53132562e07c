//! How far a change of all failed jobs that a filter wants has come.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::actions::bulk::{Bulk, Progress, What, bulk_part};
use crate::actions::{Outcome, Sent};
use crate::fault::Fault;
use crate::view::Wanted;

#[derive(Template)]
#[template(path = "bulk.html")]
struct BulkPage {
    shell: Shell,
    view: Progress,
    wanted: Wanted,
    back: String,
}

impl BulkPage {
    fn what(&self) -> &'static str {
        match self.view.what {
            What::Retry => "retry",
            What::Remove => "remove",
        }
    }

    /// How many records there were when it began, about.
    fn whole(&self) -> u64 {
        let removed = match self.view.what {
            What::Retry => 0,
            What::Remove => self.view.changed,
        };
        self.view.total.saturating_add(removed).max(self.view.read)
    }
}

/// Takes the next part, and goes on with a page that asks for the one behind it.
pub(super) async fn all(visit: Visit, form: Sent<Bulk>) -> Result<Response, Fault> {
    let view = bulk_part(&visit.app, &form.change).await?;
    if view.next.is_none() {
        let total = Outcome {
            changed: view.changed,
            ..view.part
        };
        let note = match view.what {
            What::Retry => total.told("job is back in its queue", "jobs are back in their queues"),
            What::Remove => total.told("record is removed", "records are removed"),
        };
        return Ok(visit.done(note, &form.back));
    }
    let title = match view.what {
        What::Retry => "Retrying failed jobs",
        What::Remove => "Removing failed jobs",
    };
    let page = BulkPage {
        shell: visit.shell(Tab::Failed, title),
        view,
        wanted: form.change.wanted,
        back: form.back,
    };
    Ok(visit.page(&page))
}
