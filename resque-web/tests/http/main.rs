//! The HTTP interface as programs see it, on the memory backend and without a network.

mod leases;
mod outages;
mod presque;
mod refusals;
mod routes;
mod site;
