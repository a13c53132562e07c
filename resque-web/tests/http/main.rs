//! The HTTP interface as programs see it, on the memory backend and without a network.
#![expect(
    clippy::unwrap_used,
    reason = "the steps of a test are functions of their own"
)]

mod leases;
mod outages;
mod presque;
mod refusals;
mod routes;
mod site;
