//! One queue in a list.

use resque_core::QueueStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::Moment;

/// One queue in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct QueueRow {
    /// Its name.
    pub(crate) name: String,
    /// How many jobs wait in it.
    pub(crate) length: u64,
    /// Whether it gives no jobs.
    pub(crate) stopped: bool,
    /// Since when its oldest job waits, where the backend knows.
    pub(crate) oldest: Option<Moment>,
}

impl From<&QueueStatus> for QueueRow {
    fn from(queue: &QueueStatus) -> Self {
        Self {
            name: queue.name.as_str().to_owned(),
            length: queue.length,
            stopped: queue.stopped,
            oldest: queue.oldest.map(Moment::new),
        }
    }
}
