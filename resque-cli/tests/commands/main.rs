//! Each command as a program, on Redis and on Postgres.
#![expect(
    clippy::unwrap_used,
    reason = "the steps of a test are functions that run on each store"
)]

#[macro_use]
mod support;

mod delayed;
mod doctor;
mod enqueue;
mod failed;
mod http;
mod moving;
mod queues;
mod schedule;
mod top;
mod web;
mod whole;
mod workers;
