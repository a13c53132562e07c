//! Runs every row of docs/migrating.md, so that the page cannot say what does not work.
#![expect(
    clippy::unwrap_used,
    reason = "a row that does not work has failed its test"
)]

mod complete;
mod perl;
mod ruby;
mod support;
