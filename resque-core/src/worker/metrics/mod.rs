//! Numbers about a running worker, for any recorder of the crate [`metrics`](https://docs.rs/metrics).
//!
//! [`WorkerBuilder::metrics`](super::WorkerBuilder::metrics) switches them on. A worker without
//! them looks once per job whether they are on, and does nothing else for them.
//!
//! A label is never text from outside without a bound: beyond [`MOST_PAIRS`] pairs of a class and a
//! queue, and [`MOST_QUEUES`] queues, everything else is counted as [`OTHER`].
//!
//! ```
//! use resque_core::worker::Worker;
//!
//! # fn example(backend: resque_core::Backend) -> resque_core::Result<()> {
//! // The recorder of the process is installed before, by whatever exports its metrics.
//! let worker = Worker::builder(backend).queues("*").metrics().build()?;
//! # Ok(())
//! # }
//! # example(resque_memory::MemoryBackend::new().backend()).unwrap();
//! ```

mod jobs;
mod meters;
mod recorder;
mod store;
pub mod table;

pub use self::jobs::{MOST_PAIRS, OTHER, UNKNOWN};
pub(crate) use self::meters::Meters;
pub(super) use self::recorder::Recording;
pub use self::store::{MOST_QUEUES, StoreGauges};
pub use self::table::{ALL, Kind, Metric};
