//! A shop that stores an order and enqueues the mail that confirms it in one transaction.
//!
//! With two stores there is always a moment at which one knows and the other does not: the order is
//! there and its mail was never enqueued, or a mail confirms an order that was rolled back. Here the
//! jobs are in the shop's own database, so that both are there or neither is.

mod confirm;
mod shop;

pub use confirm::Confirm;
pub use shop::{OrderError, Shop};
