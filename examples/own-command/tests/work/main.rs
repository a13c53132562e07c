//! `work` as a program: what it serves, how many processes it has, how it is told to stop.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod flags;
mod fleet;
mod isolated;
mod limits;
mod probes;
mod shop;
mod single;
