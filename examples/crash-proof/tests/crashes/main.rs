//! Real worker processes that are killed, stopped, and left without a server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kill;
mod outage;
mod retry;
mod stall;
mod world;
