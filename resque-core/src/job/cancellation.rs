//! Asking a running job to stop.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// A cancellation token that is made only when somebody looks at it, because most jobs never do.
#[derive(Default)]
pub(super) struct Cancellation {
    cancelled: AtomicBool,
    token: OnceLock<CancellationToken>,
}

impl Cancellation {
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(token) = self.token.get() {
            token.cancel();
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// The token. Whoever makes it looks at the flag afterwards, so that a cancellation between
    /// the two is not missed.
    pub(super) fn token(&self) -> CancellationToken {
        let token = self.token.get_or_init(CancellationToken::new);
        if self.is_cancelled() {
            token.cancel();
        }
        token.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_reaches_tokens_made_before_and_after() {
        let cancellation = Cancellation::default();
        let before = cancellation.token();
        assert!(!before.is_cancelled());
        cancellation.cancel();
        assert!(before.is_cancelled() && cancellation.token().is_cancelled());

        let late = Cancellation::default();
        late.cancel();
        assert!(late.token().is_cancelled());
    }
}
