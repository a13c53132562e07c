//! Jobs that belong to the trace of the request that enqueued them, with OpenTelemetry.

mod trace;

pub use self::trace::{link, stamp, within_trace};
