//! What a child needs to perform jobs.

use std::fmt;

use resque_core::{Backend, Client, Handlers, Performer, WorkerHooks};

use crate::absent::Absent;

/// What a child needs to perform jobs: the same handlers as its worker, and connections of its own.
#[derive(Clone)]
#[must_use]
pub struct Child {
    handlers: Handlers,
    hooks: WorkerHooks,
    backend: Option<Backend>,
}

impl Child {
    /// Performs jobs with these handlers.
    pub fn new(handlers: Handlers) -> Self {
        Self {
            handlers,
            hooks: WorkerHooks::new(),
            backend: None,
        }
    }

    /// Gives jobs a client of this store, for follow-up jobs. It has to be connected in the child;
    /// without one, `JobContext::client` answers every call with an error.
    pub fn backend(mut self, backend: impl Into<Backend>) -> Self {
        self.backend = Some(backend.into());
        self
    }

    /// Calls the hooks `after_fork` of these before each job.
    pub fn hooks(mut self, hooks: WorkerHooks) -> Self {
        self.hooks = hooks;
        self
    }

    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "there are no children")
    )]
    pub(crate) fn into_parts(self) -> (Performer, WorkerHooks) {
        let backend = self.backend.unwrap_or_else(|| Backend::new(Absent));
        let performer = Performer::new(self.handlers, Client::new(backend));
        (performer, self.hooks)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("handlers", &self.handlers)
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
