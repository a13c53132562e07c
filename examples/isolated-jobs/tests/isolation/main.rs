//! Jobs that end their processes in every way, and a worker that lives on.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod children;
mod deaths;
mod program;
mod retries;
mod time;
mod world;
