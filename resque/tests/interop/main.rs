//! Side by side with node-resque on one Redis: jobs, failures, workers and delayed jobs cross both
//! ways.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod delayed;
mod failures;
mod jobs;
mod peer;
mod workers;
mod world;
