//! The locks of unique jobs, as far as a client has to do with them.

use super::Client;
use super::enqueue::Ready;
use crate::limits::{Limiting, Wanted};
use crate::wire::payload::decode;
use crate::{Backend, Limits, Payload, Result};

impl Ready {
    /// What makes the job unique, if anything does.
    pub(super) fn unique(&self) -> Option<Wanted> {
        let limits = self.class.limits.as_deref()?;
        // What was encoded is text.
        let args = self.encoded.args();
        let wanted = limits.of(&self.class_name, std::str::from_utf8(&args).ok()?)?;
        wanted.unique.is_some().then_some(wanted)
    }

    /// Whether the store's time is needed to enqueue it.
    pub(super) fn asks_for_the_time(&self) -> bool {
        self.due.is_some() || self.class.limits.is_some()
    }
}

impl Client {
    /// The ability of the store.
    pub(super) fn limits(&self, what: &'static str) -> Result<&dyn Limits> {
        let store = self.store(what)?;
        let limits = store.queues().limits();
        limits.ok_or_else(|| store.not_offered(what, "limits"))
    }
}

/// Frees the locks of jobs that were taken out of the store.
pub(super) async fn free_locks<'p>(
    store: &Backend,
    of_class: Option<&dyn Limiting>,
    gone: impl Iterator<Item = &'p Payload>,
) -> Result<()> {
    let (Some(of_class), Some(limits)) = (of_class, store.queues().limits()) else {
        return Ok(());
    };
    let lock = |payload: &Payload| {
        let job = decode(payload.as_bytes()).ok()?;
        of_class.of(&job.class, &job.args)?.freed_by_removal()
    };
    let locks: Vec<_> = gone.filter_map(lock).collect();
    if !locks.is_empty() {
        limits.free(&locks).await?;
    }
    Ok(())
}
