//! Failed, delayed and recurring jobs, search and stats: the pages, their twins and their changes, each
//! with its result in the store.

mod support;

#[path = "jobs/bulk.rs"]
mod bulk;
#[path = "jobs/delayed.rs"]
mod delayed;
#[path = "jobs/failed.rs"]
mod failed;
#[path = "jobs/forms.rs"]
mod forms;
#[path = "jobs/schedules.rs"]
mod schedules;
#[path = "jobs/search.rs"]
mod search;
#[path = "jobs/stats.rs"]
mod stats;
