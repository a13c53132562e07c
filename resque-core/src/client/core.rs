//! The client itself.

use std::fmt;
use std::sync::Arc;

use crate::hooks::Hooks;
use crate::{Backend, Handlers, SharedClock, SystemClock};

/// Puts jobs into queues and looks after a store. Cloning is cheap.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Option<Backend>,
    clock: SharedClock,
    hooks: Hooks,
}

impl Client {
    /// A client of this backend.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self::build(Some(backend), Arc::new(SystemClock::new()), Hooks::new())
    }

    /// A client without a store, which performs each job at once in the call that enqueues it.
    #[must_use]
    pub fn inline(handlers: Handlers) -> Self {
        let _ = handlers;
        Self::build(None, Arc::new(SystemClock::new()), Hooks::new())
    }

    fn build(backend: Option<Backend>, clock: SharedClock, hooks: Hooks) -> Self {
        let inner = Inner {
            backend,
            clock,
            hooks,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(&self, clock: SharedClock) -> Self {
        let inner = &self.inner;
        Self::build(inner.backend.clone(), clock, inner.hooks.clone())
    }

    /// The same with hooks that run for every class.
    #[must_use]
    pub fn with_hooks(&self, hooks: Hooks) -> Self {
        let inner = &self.inner;
        Self::build(inner.backend.clone(), inner.clock.clone(), hooks)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// The backend; `None` in inline mode.
    #[must_use]
    pub fn backend(&self) -> Option<&Backend> {
        self.inner.backend.as_ref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("backend", &self.inner.backend)
            .finish_non_exhaustive()
    }
}
