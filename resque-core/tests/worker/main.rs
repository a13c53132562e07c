//! The worker runtime over the memory backend, with a clock moved by hand and a store that goes
//! away on purpose.

mod basics;
mod failures;
mod outages;
mod stopping;
mod stores;
mod upkeep;
mod world;
