//! What a store has to do: three traits, and optional abilities beside them.

mod abilities;
mod failures;
#[cfg(feature = "worker")]
mod group_commit;
mod history;
mod limits;
mod loans;
mod queue;
mod registry;
mod schedules;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::abilities::{DelayedJobs, Keyspace, QueueControl, Ticket, WaitForJobs};
pub use self::failures::FailureStore;
#[cfg(feature = "worker")]
pub use self::group_commit::{Commit, GroupCommit};
pub use self::history::StatsHistory;
pub use self::limits::{CancelJobs, Limits};
pub use self::loans::{HttpWorkers, JobLoans};
pub use self::queue::QueueBackend;
pub use self::registry::WorkerRegistry;
pub use self::schedules::ScheduleStore;
use crate::{Error, Result};

/// The three traits of one store.
///
/// They must come from the same store, so that a settlement, which touches a queue, the registry
/// and the failed list, is one step. Cloning is cheap.
#[derive(Clone)]
pub struct Backend {
    queues: Arc<dyn QueueBackend>,
    workers: Arc<dyn WorkerRegistry>,
    failures: Arc<dyn FailureStore>,
    connector: Option<Arc<dyn Connect>>,
}

impl Backend {
    /// Takes one value that implements all three traits.
    #[must_use]
    pub fn new<B>(store: B) -> Self
    where
        B: QueueBackend + WorkerRegistry + FailureStore,
    {
        let store = Arc::new(store);
        Self::from_parts(store.clone(), store.clone(), store)
    }

    /// Takes the three traits from separate values; they must belong to one store.
    #[must_use]
    pub fn from_parts(
        queues: Arc<dyn QueueBackend>,
        workers: Arc<dyn WorkerRegistry>,
        failures: Arc<dyn FailureStore>,
    ) -> Self {
        Self {
            queues,
            workers,
            failures,
            connector: None,
        }
    }

    /// Adds the way to open further connections to the same store.
    #[must_use]
    pub fn with_connector(mut self, connector: impl Connect) -> Self {
        self.connector = Some(Arc::new(connector));
        self
    }

    /// The queues.
    #[must_use]
    pub fn queues(&self) -> &Arc<dyn QueueBackend> {
        &self.queues
    }

    /// The workers and the counters.
    #[must_use]
    pub fn workers(&self) -> &Arc<dyn WorkerRegistry> {
        &self.workers
    }

    /// The failed jobs.
    #[must_use]
    pub fn failures(&self) -> &Arc<dyn FailureStore> {
        &self.failures
    }

    /// The error for a call that needs what this store does not offer.
    pub(crate) fn not_offered(&self, what: &'static str, ability: &'static str) -> Error {
        Error::NotOffered {
            what,
            ability,
            backend: self.queues.info().name,
        }
    }

    /// Opens a connection of its own to the same store, driven by the runtime that calls this.
    /// A backend without a connector gives itself.
    ///
    /// # Errors
    ///
    /// Whatever connecting can end with, [`crate::Error::Unavailable`] above all.
    pub async fn connect_again(&self) -> Result<Self> {
        match &self.connector {
            Some(connector) => {
                let mut twin = connector.connect().await?;
                twin.connector.get_or_insert_with(|| connector.clone());
                Ok(twin)
            }
            None => Ok(self.clone()),
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Backend").field(&self.queues).finish()
    }
}

/// Opens connections to a store.
///
/// A worker asks for one of its own, on its own thread, so that a handler that blocks the
/// application's runtime cannot silence its heartbeat.
#[async_trait]
pub trait Connect: fmt::Debug + Send + Sync + 'static {
    /// Opens one, driven by the runtime that calls this.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unavailable`] when the store cannot be reached.
    async fn connect(&self) -> Result<Backend>;
}
