//! The HTTP interface: presque's routes on every backend, and leases as the better way beside them.
//!
//! | file | what |
//! |---|---|
//! | `router` | which path and method leads where |
//! | `jobs`, `batch`, `counts`, `status`, `control`, `workers` | presque's routes, one file each |
//! | `leases`, `settle`, `receipt`, `quarantine` | leases |
//! | `insert`, `fetch`, `purge` | what becomes of jobs |
//! | `uniq`, `repeat` | jobs and requests of which there is one only |
//! | `upkeep`, `served` | what nobody else sees to |
//! | `to_the_end` | what a client that vanishes must not interrupt |

mod answer;
mod batch;
mod body;
mod control;
mod counts;
mod fetch;
mod index;
mod insert;
mod interface;
mod job_text;
mod jobs;
mod leases;
mod params;
mod path;
mod problem;
mod purge;
mod quarantine;
mod receipt;
mod repeat;
mod router;
mod served;
mod settle;
mod state;
mod status;
mod to_the_end;
mod uniq;
mod upkeep;
mod worker_id;
mod workers;

pub use self::interface::HttpInterface;
