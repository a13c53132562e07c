//! The failed jobs, and the same in groups.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::{Failures, FailuresPage, GroupBy, Groups, GroupsQuery, Order, Wanted};

#[derive(Template)]
#[template(path = "failed.html")]
struct FailedPage {
    shell: Shell,
    view: Failures,
    is_first: bool,
}

impl FailedPage {
    /// The same list from elsewhere.
    fn link(&self, after: &str) -> String {
        let mut link = address(&self.shell, "/failed", &self.view.wanted);
        if self.is_oldest_first() {
            link += "&order=oldest";
        }
        if !after.is_empty() {
            link += &format!("&after={}", show::part(after));
        }
        link
    }

    fn is_oldest_first(&self) -> bool {
        self.view.order == Order::Oldest
    }

    /// Whether a condition is set that is seldom needed.
    fn is_particular(&self) -> bool {
        let wanted = &self.view.wanted;
        let seldom = [&wanted.since, &wanted.until, &wanted.retried];
        self.is_oldest_first() || seldom.iter().any(|text| !text.is_empty())
    }

    /// The same jobs in groups.
    fn groups(&self) -> String {
        address(&self.shell, "/failed/groups", &self.view.wanted)
    }
}

#[derive(Template)]
#[template(path = "failed_groups.html")]
struct GroupsPage {
    shell: Shell,
    view: Groups,
    is_first: bool,
}

impl GroupsPage {
    /// The records of a group.
    fn link(&self, name: &str) -> String {
        let list = address(&self.shell, "/failed", &self.view.wanted);
        format!("{list}&{}={}", self.view.by.name(), show::part(name))
    }

    fn by(&self, by: &GroupBy) -> String {
        let groups = address(&self.shell, "/failed/groups", &self.view.wanted);
        format!("{groups}&by={}", by.name())
    }

    fn next(&self, after: &str) -> String {
        format!("{}&after={}", self.by(&self.view.by), show::part(after))
    }

    fn list(&self) -> String {
        address(&self.shell, "/failed", &self.view.wanted)
    }

    fn is_shown(&self, by: &GroupBy) -> bool {
        *by == self.view.by
    }

    fn all(&self) -> [(GroupBy, &'static str); 3] {
        [
            (GroupBy::Exception, "kind of error"),
            (GroupBy::Class, "class"),
            (GroupBy::Queue, "queue"),
        ]
    }
}

/// A page of the jobs that are wanted; more may be added behind a `&`.
fn address(shell: &Shell, path: &str, wanted: &Wanted) -> String {
    let mut address = format!("{}{path}?", shell.base);
    for (name, value) in wanted.pairs() {
        address += &format!("{name}={}&", show::part(value));
    }
    address.pop();
    if address.ends_with(path) {
        address.push('?');
    }
    address
}

pub(super) async fn failed(
    visit: Visit,
    Asked(wanted): Asked<Wanted>,
    Asked(page): Asked<FailuresPage>,
) -> Result<Response, Fault> {
    let view = Failures::ask(&visit.app, &wanted, &page).await?;
    let is_first = page.after.is_none_or(|after| after.is_empty());
    let shell = visit.shell(Tab::Failed, "Failed").live();
    Ok(visit.page(&FailedPage {
        shell,
        view,
        is_first,
    }))
}

pub(super) async fn groups(
    visit: Visit,
    Asked(wanted): Asked<Wanted>,
    Asked(query): Asked<GroupsQuery>,
) -> Result<Response, Fault> {
    let view = Groups::ask(&visit.app, &wanted, &query).await?;
    let is_first = query.after.is_none_or(|after| after.is_empty());
    let shell = visit.shell(Tab::Failed, "Failed, in groups");
    Ok(visit.page(&GroupsPage {
        shell,
        view,
        is_first,
    }))
}
