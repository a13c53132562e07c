//! Whatever stands in Redis, and however Redis refuses: a worker that runs says clearly what is
//! wrong and where, goes on, and nothing is lost. All on real servers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod lost_replies;
mod names;
mod payloads;
mod records;
mod refusals;
mod schedules;
mod world;
mod wrong_types;
