//! Making, changing and removing the tables, on a real server.

mod names;
#[path = "../own_schema/mod.rs"]
mod own_schema;
mod processes;
mod steps;
mod support;
mod trouble;
mod upgrades;
