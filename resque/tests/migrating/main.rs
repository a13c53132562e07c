//! Runs every row of docs/migrating.md, so that the page cannot say what does not work.
mod complete;
mod perl;
mod ruby;
mod support;
