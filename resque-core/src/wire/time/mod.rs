//! Times as text: what Ruby writes, and whatever anybody has ever written.
//!
//! We always write UTC. Ruby writes the local zone in most places, and every reader of the family
//! takes both.

mod parse;
mod write;
mod zone;

pub use parse::{parse_any, parse_with_any_zone};
pub use write::TimeFormat;
