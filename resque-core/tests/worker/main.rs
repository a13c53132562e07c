//! The worker runtime over the memory backend, with a clock moved by hand and a store that goes
//! away on purpose.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod apart;
mod basics;
mod cancel;
mod environment;
mod exits;
mod failures;
mod health;
mod history;
mod lent;
mod limits;
mod metrics;
mod moments;
mod names;
mod outages;
mod retention;
mod retries;
mod schedules;
mod stopping;
mod stores;
mod traces;
mod upkeep;
mod world;
