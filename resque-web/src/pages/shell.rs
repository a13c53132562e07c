//! What is around every page.

use crate::assets::{ICON, SCRIPT, STYLE};
use crate::view::Moment;

/// Which entry of the navigation is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// None.
    None,
    /// The store at a glance.
    Overview,
    /// Queues and what waits in them.
    Queues,
    /// What is being worked.
    Working,
    /// Workers.
    Workers,
    /// Failed jobs.
    Failed,
    /// Jobs that wait for their time.
    Delayed,
    /// Recurring jobs.
    Schedules,
    /// Looking for jobs.
    Search,
    /// Numbers over time.
    Stats,
    /// The store itself.
    Backend,
}

/// One entry of the navigation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    tab: Tab,
    /// Where it leads, below the base path.
    pub(crate) path: &'static str,
    /// What it is called.
    pub(crate) name: &'static str,
    /// The key that leads there after `g`.
    pub(crate) key: char,
}

const ENTRIES: [Entry; 10] = [
    entry(Tab::Overview, "/overview", "Overview", 'o'),
    entry(Tab::Queues, "/queues", "Queues", 'q'),
    entry(Tab::Working, "/working", "Working", 'w'),
    entry(Tab::Workers, "/workers", "Workers", 'k'),
    entry(Tab::Failed, "/failed", "Failed", 'f'),
    entry(Tab::Delayed, "/delayed", "Delayed", 'd'),
    entry(Tab::Schedules, "/schedules", "Schedules", 'c'),
    entry(Tab::Search, "/search", "Search", 's'),
    entry(Tab::Stats, "/stats", "Stats", 't'),
    entry(Tab::Backend, "/backend", "Backend", 'b'),
];

const fn entry(tab: Tab, path: &'static str, name: &'static str, key: char) -> Entry {
    Entry {
        tab,
        path,
        name,
        key,
    }
}

/// What is around every page. Templates that extend `layout.html` have it as `shell`.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    /// What the page is about.
    pub(crate) title: String,
    /// The path under which browsers see the pages, without a slash at its end.
    pub(crate) base: String,
    /// Whether the visitor may change anything; forms are left out otherwise.
    pub(crate) may_change: bool,
    /// The name under which the visitor logged in; empty where nobody has to.
    pub(crate) login: String,
    /// What every form has to carry as `csrf`.
    pub(crate) csrf: String,
    /// What the last change did, told once.
    pub(crate) note: Option<String>,
    /// The page itself, for forms that lead back to it.
    pub(crate) here: String,
    /// When the page was made.
    pub(crate) now: Moment,
    /// The namespace, where the backend names one.
    pub(crate) namespace: Option<String>,
    /// Whether the page keeps itself up to date.
    pub(crate) live: bool,
    pub(super) tab: Tab,
}

impl Shell {
    /// The same, which keeps itself up to date: whatever stands in elements with `data-live` and an
    /// id is replaced.
    pub(crate) fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// The navigation.
    pub(super) fn entries(&self) -> &'static [Entry] {
        &ENTRIES
    }

    pub(super) fn is_here(&self, entry: &Entry) -> bool {
        self.tab == entry.tab
    }

    pub(super) fn style(&self) -> &'static str {
        &STYLE.path
    }

    pub(super) fn script(&self) -> &'static str {
        &SCRIPT.path
    }

    pub(super) fn icon(&self) -> &'static str {
        &ICON.path
    }
}
