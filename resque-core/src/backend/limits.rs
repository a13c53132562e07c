//! Keeping jobs unique, limiting how many run and how often they start, and ending them.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{Claim, Claimed, Enqueue, Lease, Lock, Pushed, Receipt, Renewal, Result};

/// Leases, buckets and lines under names, for all processes that use a store.
///
/// A store that offers this also obeys the lock of an [`crate::Enqueue`] and the leases of a
/// [`crate::Settlement`], in the step that pushes or settles: a settlement that is lost changes no
/// lease either. A name may have any number of leases at once; what it means is up to the caller.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait Limits: Debug + Send + Sync {
    /// Claims, in their order and all in one step, what reserved jobs need before they start.
    ///
    /// The backend must grant a claim if all its needs are met, and then take all of them and free
    /// what the claim frees; otherwise take nothing and send the job away. A need is met
    /// - for a place, if its holder has it already, or if fewer leases than there are places last
    ///   beyond `now`;
    /// - for a token, if there is one: with `every` and `at_once` of the rate, one is taken by
    ///   moving the bucket's time (or `now`, if that is later) on by `every`, which it must not be
    ///   ahead of `now` by more than `at_once - 1` times; for a job that was sent away by this name
    ///   and comes late, the time it was sent to stands in place of `now`, but no time more than
    ///   [`TURN_LATE`](crate::TURN_LATE) ago;
    /// - in both cases only if nobody else waits: either the line of the name does not reach beyond
    ///   `now`, or the job was sent away by this name before (and not more than
    ///   [`TURN_KEPT`](crate::TURN_KEPT) after the time it was sent to).
    ///
    /// Each need that is not met sends the job to a time behind the end of its line: `apart` behind
    /// the end of the line or `now`, whichever is later, for a place; for a token, the time of the
    /// next token or `every` behind the end of the line if that is beyond `now`, whichever is later.
    /// It is never more than [`LONGEST_TURN`](crate::LONGEST_TURN) from `now`, and becomes the end of
    /// the line. The job waits for the latest of these times.
    async fn claim(&self, claims: &[Claim], now: SystemTime) -> Result<Vec<Claimed>>;

    /// Gets a lock and pushes jobs as [`push`](super::QueueBackend::push) does, in one step: what makes
    /// a request known again must not be there without its jobs, nor they without it.
    ///
    /// The backend must push nothing and answer `None` while somebody holds the lock; and not hold it
    /// afterwards if no job was put in, because each was a [`Pushed::Duplicate`] or there was none.
    async fn push_once(&self, lock: &Lock, batch: &[Enqueue]) -> Result<Option<Vec<Pushed>>>;

    /// Holds leases on, never for a shorter time than before; answers for each whether it was still
    /// held at `now`. One that was not is left alone.
    async fn renew(&self, leases: &[Renewal], now: SystemTime) -> Result<Vec<bool>>;

    /// Gives leases up, and answers how many there were.
    async fn free(&self, leases: &[Lease]) -> Result<u64>;

    /// Who holds leases of this name beyond `now`, by their holders.
    async fn leases(&self, name: &str, now: SystemTime) -> Result<Vec<Renewal>>;
}

/// Asking for the end of jobs that run.
///
/// A mark names one reservation, so that it never meets the next job of the same worker. It is gone
/// with the reservation, or a day later.
///
/// # Errors
///
/// As for [`super::QueueBackend`].
#[async_trait]
pub trait CancelJobs: Debug + Send + Sync {
    /// Marks jobs as to be ended, in one step each; answers for each whether it is still held.
    async fn mark(&self, jobs: &[Receipt]) -> Result<Vec<bool>>;

    /// Answers for each of these jobs whether it was marked.
    async fn marked(&self, jobs: &[Receipt]) -> Result<Vec<bool>>;
}
