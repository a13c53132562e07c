//! Failed, delayed and recurring jobs, search and stats: the pages, their twins and their changes, each
//! with its result in the store.

mod bulk;
mod delayed;
mod failed;
mod filters;
mod forms;
mod schedules;
mod search;
mod stats;
