//! The reference backend of Resque for Rust: everything in memory.
//!
//! It keeps every promise that the conformance suite knows and offers every ability, so that unit
//! tests and development need no server. Jobs live as long as the process: for jobs that must
//! outlive it, take a backend that is durable.
//!
//! ```
//! use resque_core::{Enqueue, QueueList, QueueName, Settlement, WorkerId};
//! use resque_memory::MemoryBackend;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let backend = MemoryBackend::new().backend();
//! let queue = QueueName::new("file_serve")?;
//! let job = r#"{"class":"Archive","args":[44,"masterbrew"]}"#;
//! backend.queues().push(&[Enqueue::new(queue.clone(), job)]).await?;
//!
//! let now = backend.workers().server_time().await?;
//! let slot = WorkerId::compose("web1", "k3x9q", 4711, 0, "file_serve")?;
//! backend.workers().register(&[slot.clone()], now).await?;
//! let given = backend.queues().exchange(&[], &[slot], &QueueList::one(queue), now).await?;
//! assert_eq!(given.reserved[0].payload.as_bytes(), job.as_bytes());
//!
//! let done = Settlement::done(given.reserved[0].receipt.clone());
//! backend.queues().exchange(&[done], &[], &"*".parse()?, now).await?;
//! assert_eq!(backend.workers().stat("processed").await?, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Several workers and clients
//!
//! Clones of a [`MemoryBackend`], and the [`Backend`]s made of them, share one store. Two values
//! made by [`MemoryBackend::new`] share nothing.
//!
//! # Determinism
//!
//! Times come from the caller or from the injected clock, and nothing is drawn by lot: the same
//! calls in the same order give the same answers. Under a manual clock a test sees every step.
//!
//! # Where the traits leave a choice
//!
//! - Failures are one list that also knows each queue's share: counting and clearing by queue work
//!   as if every queue had a list of its own.
//! - Delayed jobs of the same time come in the order in which they were put in, and keep it when
//!   they are moved to another time.
//! - Stopping a queue outlives the queue: deleted and made anew, it is still stopped.
//! - A slot that reserves without being registered beats by that, so that what it holds is found
//!   when it dies.
//! - Two heartbeats of the same time are two: what was decided because of the first is void.

// `store` holds the state, one part each in `jobs`, `workers`, `counters`, `failures`, `delayed`,
// `limits`, `history`, `loans` and `http_workers`;
// `exchange` is the step that touches them all. The other files implement a trait each.
mod cancel;
mod control;
mod counters;
mod delayed;
mod exchange;
mod failures;
mod history;
mod http_workers;
mod jobs;
mod keyspace;
mod limits;
mod loans;
mod queue;
mod registry;
mod schedules;
mod store;
#[cfg(test)]
mod testing;
mod wait;
mod workers;

use std::sync::Arc;

use resque_core::{Backend, SharedClock, SystemClock};

use self::store::Store;

/// A store in memory; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryBackend {
    store: Arc<Store>,
}

impl MemoryBackend {
    /// An empty store in the namespace `resque` that asks the machine's clock for its time.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// An empty store that asks `clock` for its time.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use resque_core::{Clock, ManualClock};
    /// use resque_memory::MemoryBackend;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let clock = ManualClock::new();
    /// let backend = MemoryBackend::with_clock(Arc::new(clock.clone())).backend();
    /// assert_eq!(backend.workers().server_time().await?, clock.now());
    /// # Ok::<(), resque_core::Error>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_clock(clock: SharedClock) -> Self {
        Self {
            store: Arc::new(Store::new(clock, "resque".to_owned())),
        }
    }

    /// An empty store with the same clock whose keys are named in another namespace.
    #[must_use]
    pub fn with_namespace(self, namespace: impl Into<String>) -> Self {
        let clock = Arc::clone(&self.store.clock);
        Self {
            store: Arc::new(Store::new(clock, namespace.into())),
        }
    }

    /// The three traits of this store. Whoever connects again gets the same store.
    #[must_use]
    pub fn backend(&self) -> Backend {
        Backend::new(self.clone())
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl From<MemoryBackend> for Backend {
    fn from(memory: MemoryBackend) -> Self {
        memory.backend()
    }
}
