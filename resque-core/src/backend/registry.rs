//! The workers of a store, and its counters.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{DeadWorker, Heartbeats, Held, Leaving, Left, Result, WorkerId, WorkerListing};

/// Who works, since when, on what, whether they live, and what they have done.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait WorkerRegistry: Debug + Send + Sync + 'static {
    /// Puts workers on the registry with a first heartbeat, and answers what they hold already (a
    /// process that comes back after an outage registers again under the same ids).
    ///
    /// The start of a worker that is registered already stays as it was.
    async fn register(&self, workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>>;

    /// Notes that workers live. Writes nothing for a worker that is not registered, and says so.
    async fn heartbeat(&self, workers: &[WorkerId], now: SystemTime) -> Result<Heartbeats>;

    /// Takes workers off the registry, each in one step, with their start, heartbeat and counters.
    ///
    /// The backend must refuse one that still holds a job ([`Left::Holding`]) and, when a heartbeat
    /// is named, one that has beaten since ([`Left::Alive`]). One that is not on the registry, or no
    /// longer because another janitor was faster, is [`Left::Gone`] like any other, whatever
    /// heartbeat is named. Answers in the order of the list.
    async fn unregister(&self, leaving: &[Leaving]) -> Result<Vec<Left>>;

    /// All registered workers, ours and foreign.
    async fn workers(&self) -> Result<WorkerListing>;

    /// The workers whose last heartbeat is older than `before`, registered or not, and what they
    /// hold. Changes nothing. A worker without a readable heartbeat is never among them.
    async fn dead(&self, before: SystemTime) -> Result<Vec<DeadWorker>>;

    /// The store's own time.
    async fn server_time(&self) -> Result<SystemTime>;

    /// The value of a counter, 0 if there is none. Names in use: `processed`, `failed`, and each
    /// with `:<worker id>`.
    async fn stat(&self, name: &str) -> Result<i64>;

    /// Sets a counter.
    async fn set_stat(&self, name: &str, value: i64) -> Result<()>;

    /// Adds to a counter, which may be negative, and answers its new value.
    async fn incr_stat(&self, name: &str, by: i64) -> Result<i64>;

    /// Removes a counter.
    async fn clear_stat(&self, name: &str) -> Result<()>;
}
