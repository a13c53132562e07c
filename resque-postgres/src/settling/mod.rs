//! What the settlements of reservations and of loans have in common: how they are sent, and what is
//! done where some of them are refused.

mod batch;
mod division;
mod leases;
mod step;
mod steps;

pub(crate) use self::batch::Batch;
pub(crate) use self::division::{Division, Part};
pub(crate) use self::leases::can_be_held;
pub(crate) use self::step::Step;
pub(crate) use self::steps::Steps;
