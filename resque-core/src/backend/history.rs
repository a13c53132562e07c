//! What a store remembers about itself.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Backlog, Result};

/// Remembering one sample of each minute, so that charts outlive whoever draws them.
///
/// What a sample says is not the store's business: it keeps bytes. All processes that work may try
/// to record; of each minute one sample is kept, the first.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait StatsHistory: Debug + Send + Sync {
    /// What waits in all queues together, in one round trip and at a cost that does not grow
    /// without bounds, however many queues and jobs there are: what would cost more is estimated or
    /// not told. Neither delayed jobs nor those in flight count. The oldest job may be looked for
    /// among the first ones of the queues only.
    async fn backlog(&self) -> Result<Backlog>;

    /// Keeps a sample of the minute in which `at` lies ([`minute_of`](crate::minute_of)), unless
    /// there is one of it, and answers whether it was kept.
    ///
    /// The backend must decide and keep in one step, and remove in the same step what is older than
    /// [`HISTORY_KEPT`](crate::HISTORY_KEPT): samples of minutes that began more than that before the
    /// minute of `at`.
    async fn record(&self, at: SystemTime, sample: &Bytes) -> Result<bool>;

    /// Samples of minutes that begin at or after `since` and before `until`, in the order of their
    /// time, each with the beginning of its minute; the first `at_most` of them.
    async fn range(
        &self,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Result<Vec<(SystemTime, Bytes)>>;
}
