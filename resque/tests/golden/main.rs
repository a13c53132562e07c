//! What the real Ruby and Perl programs left in Redis, and what ours leave there: for each recorded
//! scenario the same is done through our own calls, and every key has to be equal in name, type and
//! content. Where we differ on purpose, `differences.rs` says so and why; a difference that is no
//! longer there fails too. What maps to no call of ours is listed in `recordings.rs`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod control;
mod delayed;
mod differences;
mod failures;
mod harness;
mod jobs;
mod keys;
mod normal;
mod queues;
mod recordings;
mod registry;
mod stats;
