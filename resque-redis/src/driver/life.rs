//! The life of a connection: noticing its end, and ending it.

use std::fmt;
use std::sync::Arc;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::connect::Listener;

/// Becomes true for good when a connection is lost, and tells its listener.
#[derive(Clone)]
pub(super) struct Closed {
    token: CancellationToken,
    listener: Option<Arc<dyn Listener>>,
}

impl Closed {
    /// A connection that lives, and who wants to hear of its end.
    pub(super) fn new(listener: Option<Arc<dyn Listener>>) -> Self {
        let token = CancellationToken::new();
        Self { token, listener }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Ends when the connection does.
    #[cfg(feature = "fred")]
    pub(super) async fn closed(&self) {
        self.token.cancelled().await;
    }

    /// Notes the end, once.
    pub(super) fn close(&self) {
        if self.is_closed() {
            return;
        }
        self.token.cancel();
        if let Some(listener) = &self.listener {
            listener.lost();
        }
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closed").field(&self.is_closed()).finish()
    }
}

/// Held by the task that moves a connection's bytes: notes the end however that comes, also when
/// the runtime of the task is shut down.
pub(super) struct CloseOnDrop(pub(super) Closed);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Held by the connection: ends its task, and so the connection.
#[derive(Debug)]
pub(super) struct AbortOnDrop(pub(super) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
