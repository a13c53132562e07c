//! Looking for jobs.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Place, Search, SearchQuery};

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    shell: Shell,
    view: Search,
    query: SearchQuery,
}

impl SearchPage {
    fn next(&self, after: &str) -> String {
        let SearchQuery {
            text, place, queue, ..
        } = &self.query;
        format!(
            "{}/search?text={}&place={}&queue={}&after={}",
            self.shell.base,
            show::part(text),
            show::part(place),
            show::part(queue),
            show::part(after)
        )
    }

    fn places(&self) -> [(Place, &'static str); 4] {
        [
            (Place::Working, "being worked"),
            (Place::Queued, "in queues"),
            (Place::Delayed, "delayed"),
            (Place::Failed, "failed"),
        ]
    }

    fn is_chosen(&self, place: &Place) -> bool {
        self.query.place == place.name()
    }
}

pub(super) async fn search(
    visit: Visit,
    Asked(query): Asked<SearchQuery>,
) -> Result<Response, Fault> {
    let view = Search::ask(&visit.app, &query).await?;
    let shell = visit.shell(Tab::Search, "Search");
    Ok(visit.page(&SearchPage { shell, view, query }))
}
