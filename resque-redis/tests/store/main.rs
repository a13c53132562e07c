//! The store on real servers: what stands in the keys, and what happens when something else does.

#![expect(clippy::unwrap_used, reason = "a test ends where its world does")]

mod support;

mod delayed;
mod exchange;
mod failures;
mod formats;
mod history;
mod limits;
mod loans;
mod payloads;
mod pushes;
mod refusals;
mod registry;
mod schedules;
mod suspects;
mod waiting;
mod wrong_types;
