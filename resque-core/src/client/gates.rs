//! Runs the hooks around enqueueing and dequeueing.

use super::classes::Class;
use crate::hooks::EnqueueHook;
use crate::hooks::GateHook;
use crate::hooks::HookList;
use crate::{EnqueueContext, Error, JobError, Result};

impl Class {
    /// Asks whether a job may be enqueued; `waits` says that it waits for its time first.
    pub(super) async fn before_enqueue(&self, job: &EnqueueContext, waits: bool) -> Result<bool> {
        if waits && !gate(&self.hooks.before_schedule, job).await? {
            return Ok(false);
        }
        gate(&self.hooks.before_enqueue, job).await
    }

    /// Tells that a job was enqueued; `waits` says that it waits for its time first.
    pub(super) async fn after_enqueue(&self, job: &EnqueueContext, waits: bool) -> Result<()> {
        notice(&self.hooks.after_enqueue, job).await?;
        if waits {
            notice(&self.hooks.after_schedule, job).await?;
        }
        Ok(())
    }

    /// Tells that a recurring job is about to be enqueued.
    #[cfg(feature = "worker")]
    pub(super) async fn before_delayed_enqueue(&self, job: &EnqueueContext) -> Result<()> {
        notice(&self.hooks.before_delayed_enqueue, job).await
    }

    pub(super) async fn before_dequeue(&self, job: &EnqueueContext) -> Result<bool> {
        gate(&self.hooks.before_dequeue, job).await
    }

    pub(super) async fn after_dequeue(&self, job: &EnqueueContext) -> Result<()> {
        notice(&self.hooks.after_dequeue, job).await
    }

    pub(super) fn has_enqueue_hooks(&self) -> bool {
        let hooks = &self.hooks;
        let plain = hooks.before_enqueue.is_empty() && hooks.after_enqueue.is_empty();
        let later = hooks.before_schedule.is_empty() && hooks.after_schedule.is_empty();
        !(plain && later && hooks.before_delayed_enqueue.is_empty())
    }
}

/// Asks all hooks, also those behind one that says no, and answers whether none did.
async fn gate(hooks: &HookList<GateHook>, job: &EnqueueContext) -> Result<bool> {
    let mut open = true;
    for (name, hook) in hooks.named() {
        open &= hook(job.clone())
            .await
            .map_err(|error| failed(name, error))?;
    }
    Ok(open)
}

async fn notice(hooks: &HookList<EnqueueHook>, job: &EnqueueContext) -> Result<()> {
    for (name, hook) in hooks.named() {
        hook(job.clone())
            .await
            .map_err(|error| failed(name, error))?;
    }
    Ok(())
}

fn failed(hook: &str, error: JobError) -> Error {
    Error::Hook {
        hook: hook.to_owned(),
        source: error.into_error(),
    }
}
