//! Putting jobs into queues, and everything else a program asks of a store.

mod asked;
mod batch;
#[cfg(feature = "worker")]
pub mod blocking;
mod cancel;
mod classes;
mod control;
mod delayed;
mod dequeue;
mod encode;
mod enqueue;
mod failures;
mod filter;
#[cfg(feature = "worker")]
mod firing;
mod gates;
mod history;
mod info;
mod inline;
mod limits;
mod mass_remove;
mod new_job;
mod outcome;
mod prepared;
mod queued_job;
mod queues;
mod raw;
mod recover;
mod schedules;
mod stamp;
mod stats;
mod store_time;
mod workers;

use std::fmt;
use std::sync::Arc;

use self::classes::Classes;
pub use self::delayed::Delayed;
pub use self::failures::Failures;
pub use self::history::History;
#[cfg(feature = "worker")]
pub(crate) use self::history::measure;
pub use self::info::Info;
pub use self::mass_remove::MassRemove;
pub use self::new_job::NewJob;
pub use self::outcome::Enqueued;
pub use self::prepared::Prepared;
pub use self::queued_job::QueuedJob;
pub use self::queues::QueueSample;
pub use self::recover::Recovered;
pub use self::schedules::{ScheduleStatus, Schedules};
pub use self::stamp::Stamp;
pub use self::stats::Stats;
use self::store_time::StoreTime;
use crate::hooks::Hooks;
use crate::{Backend, Error, Handlers, Result, SharedClock, SystemClock};

/// How many payloads, records or edits travel in one call.
const CHUNK: usize = 1_000;

/// Puts jobs into queues, and asks and changes everything else in a store. Cloning is cheap.
///
/// ```
/// use resque_core::{Client, Enqueued, Job, JobContext, JobResult};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Archive {
///     repo_id: u64,
///     branch: String,
/// }
///
/// impl Job for Archive {
///     const CLASS: &'static str = "Archive";
///     const QUEUE: &'static str = "file_serve";
///
///     async fn perform(self, _ctx: &JobContext) -> JobResult {
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let client = Client::new(resque_memory::MemoryBackend::new().backend());
/// let job = Archive { repo_id: 44, branch: "masterbrew".into() };
/// assert_eq!(client.enqueue(&job).await?, Enqueued::Queued { length: 1 });
///
/// let waiting = client.peek("file_serve", resque_core::Page::ALL).await?;
/// assert_eq!(waiting[0].payload().as_bytes(), br#"{"class":"Archive","args":[44,"masterbrew"]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// The client's own hooks and those that all of its handlers have in common.
    hooks: Hooks,
    classes: Classes,
    store_time: StoreTime,
}

#[derive(Clone)]
struct Settings {
    /// The store; none in inline mode.
    backend: Option<Backend>,
    clock: SharedClock,
    hooks: Hooks,
    handlers: Option<Arc<Handlers>>,
    stamp: Option<Stamp>,
}

impl Client {
    /// A client of this store.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self::build(Settings {
            backend: Some(backend),
            clock: Arc::new(SystemClock::new()),
            hooks: Hooks::new(),
            handlers: None,
            stamp: None,
        })
    }

    /// A client without a store, for tests: each job is performed at once, in the call that
    /// enqueues it, after its arguments have gone through JSON and back.
    ///
    /// Enqueue hooks and perform hooks run as they always do; the queue is called `inline`, a
    /// delay is none, and a job that fails is [`Error::JobFailed`]. Whatever else needs a store is
    /// [`Error::NotOffered`].
    #[must_use]
    pub fn inline(handlers: Handlers) -> Self {
        Self::build(Settings {
            backend: None,
            clock: Arc::new(SystemClock::new()),
            hooks: Hooks::new(),
            handlers: Some(Arc::new(handlers)),
            stamp: None,
        })
    }

    fn build(settings: Settings) -> Self {
        let hooks = match &settings.handlers {
            Some(handlers) => settings.hooks.merged(handlers.common_hooks()),
            None => settings.hooks.clone(),
        };
        Self {
            inner: Arc::new(Inner {
                settings,
                hooks,
                classes: Classes::default(),
                store_time: StoreTime::default(),
            }),
        }
    }

    /// The same client with another clock.
    #[must_use]
    pub fn with_clock(&self, clock: SharedClock) -> Self {
        Self::build(Settings {
            clock,
            ..self.inner.settings.clone()
        })
    }

    /// The same client with further hooks that run for every class.
    #[must_use]
    pub fn with_hooks(&self, hooks: Hooks) -> Self {
        Self::build(Settings {
            hooks: self.inner.settings.hooks.merged(&hooks),
            ..self.inner.settings.clone()
        })
    }

    /// The same client, which also knows the hooks of these classes when jobs are named by class
    /// only, and the hooks that all of them have in common. The client that a job is given by its
    /// context knows those of its worker.
    #[must_use]
    pub fn with_handlers(&self, handlers: Handlers) -> Self {
        Self::build(Settings {
            handlers: Some(Arc::new(handlers)),
            ..self.inner.settings.clone()
        })
    }

    /// The same client, which puts this stamp on each job that it enqueues.
    #[must_use]
    pub fn with_stamp(&self, stamp: Stamp) -> Self {
        Self::build(Settings {
            stamp: Some(stamp),
            ..self.inner.settings.clone()
        })
    }

    pub(super) fn stamp(&self) -> Option<&Stamp> {
        self.inner.settings.stamp.as_ref()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.inner.settings.clock
    }

    /// The store; `None` in inline mode.
    #[must_use]
    pub fn backend(&self) -> Option<&Backend> {
        self.inner.settings.backend.as_ref()
    }

    /// The store, for a call that needs one.
    pub(crate) fn store(&self, what: &'static str) -> Result<&Backend> {
        self.backend().ok_or(Error::NotOffered {
            what,
            ability: "a store",
            backend: "inline mode",
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("backend", &self.inner.settings.backend)
            .field("hooks", &self.inner.hooks)
            .finish_non_exhaustive()
    }
}
