//! The dashboard as a browser or a program sees it, on the memory backend.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod actions;
mod bookmarks;
mod guard;
mod guessing;
mod hostile;
mod jobs;
mod live;
mod openapi;
mod outages;
mod overview;
mod pages;
mod probes;
mod secrets;
mod server;
mod support;
mod twins;
mod workers;
