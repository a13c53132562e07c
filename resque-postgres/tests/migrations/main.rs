//! Making, changing and removing the tables, on a real server.

mod names;
mod processes;
mod steps;
mod support;
mod trouble;
mod upgrades;
