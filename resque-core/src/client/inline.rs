//! Performing a job in the call that enqueues it.

use super::{Client, Enqueued};
use crate::{Attempt, Decision, Error, Handlers, Payload, Performed, Performer, QueueName, Result};

impl Client {
    /// Performs a job at once, as Resque does in inline mode: from its encoded form, in the queue
    /// `inline`. A failed job is not tried again.
    pub(super) async fn perform_inline(&self, payload: Payload) -> Result<Enqueued> {
        // Made for each job, because a performer kept in the client would keep the client alive.
        let performer = Performer::new(self.handlers(), self.clone());
        let queue = QueueName::new("inline")?;
        let ctx = performer.prepare(Attempt::new(Some(queue), payload));
        // Boxed, because a job may enqueue another one, which is performed inside it.
        match Box::pin(performer.perform(&ctx)).await {
            Performed::Done | Performed::Skipped => Ok(Enqueued::Performed),
            Performed::Failed(failure) if failure.decision == Some(Decision::Discard) => {
                Ok(Enqueued::Performed)
            }
            Performed::Failed(failure) => Err(Error::JobFailed {
                class: ctx.class().to_owned(),
                exception: failure.exception,
                error: failure.error,
            }),
        }
    }

    /// The handlers this client knows, or none.
    pub(super) fn handlers(&self) -> Handlers {
        self.inner
            .settings
            .handlers
            .as_deref()
            .cloned()
            .unwrap_or_default()
    }
}
