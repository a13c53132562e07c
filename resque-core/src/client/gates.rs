//! Runs the hooks around enqueueing and dequeueing.

use super::classes::Class;
use crate::hooks::EnqueueHook;
use crate::hooks::GateHook;
use crate::hooks::HookList;
use crate::{EnqueueContext, Error, JobError, Result};

impl Class {
    pub(super) async fn before_enqueue(&self, job: &EnqueueContext) -> Result<bool> {
        gate(&self.hooks.before_enqueue, job).await
    }

    pub(super) async fn after_enqueue(&self, job: &EnqueueContext) -> Result<()> {
        notice(&self.hooks.after_enqueue, job).await
    }

    pub(super) async fn before_dequeue(&self, job: &EnqueueContext) -> Result<bool> {
        gate(&self.hooks.before_dequeue, job).await
    }

    pub(super) async fn after_dequeue(&self, job: &EnqueueContext) -> Result<()> {
        notice(&self.hooks.after_dequeue, job).await
    }

    pub(super) fn has_enqueue_hooks(&self) -> bool {
        !self.hooks.before_enqueue.is_empty() || !self.hooks.after_enqueue.is_empty()
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
