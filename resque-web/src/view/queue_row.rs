//! One queue in a list.

use resque_core::QueueStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, Pace};

/// One queue in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct QueueRow {
    /// Its name.
    pub(crate) name: String,
    /// How many jobs wait in it.
    pub(crate) length: u64,
    /// Whether it gives no jobs.
    pub(crate) stopped: bool,
    /// By how many jobs a second it grows lately, or shrinks where that is less than nothing; none
    /// if that is not known yet.
    pub(crate) rate: Option<f64>,
    /// Since when its oldest job waits, where the backend knows.
    pub(crate) oldest: Option<Moment>,
}

impl QueueRow {
    pub(crate) fn new(queue: &QueueStatus, pace: Option<&Pace>) -> Self {
        Self {
            name: queue.name.as_str().to_owned(),
            length: queue.length,
            stopped: queue.stopped,
            rate: pace.and_then(|pace| pace.of_queue(queue)),
            oldest: queue.oldest.map(Moment::new),
        }
    }
}
