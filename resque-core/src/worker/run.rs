//! A worker, from the outside.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::core::Core;
use super::engine::{Engine, Started};
use super::events::Events;
use super::executor::Executor;
use super::isolation::{ChildCount, Manner};
use super::lifecycle::LifeEvent;
use super::moments::Hooker;
use super::settings::{OnTerm, Settings};
use super::supervisor::Note;
use super::{Event, HeardSignals, StopCause, StopReason, StopReport, WorkerBuilder, WorkerHandle};
use crate::{Backend, Client, Error, Handlers, Performer, Result, SharedClock, WorkerHooks};

/// Takes jobs from a backend, performs them and settles them.
///
/// ```
/// use resque_core::worker::Worker;
///
/// # async fn example(backend: resque_core::Backend) -> resque_core::Result<()> {
/// let worker = Worker::builder(backend)
///     .queues("high,*")
///     .concurrency(4)
///     .register_fn("Greet", |(name,): (String,), _ctx| async move {
///         tracing::info!("hello, {name}");
///         Ok(())
///     })
///     .handle_signals()
///     .build()?;
/// let report = worker.run().await?;
/// tracing::info!("{report}");
/// # Ok(())
/// # }
/// ```
pub struct Worker {
    core: Arc<Core>,
    backend: Backend,
    handlers: Handlers,
    hooks: WorkerHooks,
    notes: mpsc::UnboundedSender<Note>,
    inbox: mpsc::UnboundedReceiver<Note>,
    /// Signals that were heard before it runs.
    heard: Option<HeardSignals>,
}

impl Worker {
    /// Begins to put a worker of this backend together.
    pub fn builder(backend: impl Into<Backend>) -> WorkerBuilder {
        WorkerBuilder::new(backend.into())
    }

    pub(super) fn new(
        backend: Backend,
        handlers: Handlers,
        hooks: WorkerHooks,
        settings: Settings,
        clock: SharedClock,
        events: Events,
    ) -> Result<Self> {
        let (notes, inbox) = mpsc::unbounded_channel();
        let limits = handlers.limit_table();
        if !limits.is_empty() && backend.queues().limits().is_none() {
            return Err(backend.not_offered("limiting jobs", "limits"));
        }
        if let Some(schedules) = &settings.schedules {
            schedules.check(&backend)?;
        }
        Ok(Self {
            core: Arc::new(Core::new(settings, clock, events, limits)?),
            backend,
            handlers,
            hooks,
            notes,
            inbox,
            heard: None,
        })
    }

    pub(super) fn with_heard(mut self, heard: Option<HeardSignals>) -> Self {
        self.heard = heard;
        self
    }

    /// The control over this worker.
    #[must_use]
    pub fn handle(&self) -> WorkerHandle {
        WorkerHandle::new(self.core.clone(), self.notes.clone())
    }

    /// Works until it is told to stop, and tells why it did. Jobs are performed as tasks of the
    /// tokio runtime that polls this; everything else happens on a thread of its own.
    ///
    /// Signals are obeyed from the first moment on, also while hooks run and the store is away.
    /// A store that goes away costs waiting and nothing else, also at the start. Dropping the
    /// future stops the worker as [`WorkerHandle::stop_now`] does, in the background.
    ///
    /// # Errors
    ///
    /// When the worker cannot start at all: a wrong password, a `before_first_fork` hook that
    /// fails, a file for the process id that cannot be written.
    pub async fn run(self) -> Result<StopReport> {
        let core = self.core;
        write_pidfile(&core)?;
        let mut client = Client::new(self.backend.clone()).with_clock(core.clock.clone());
        if let Some(stamp) = &core.settings.stamp {
            client = client.with_stamp(stamp.clone());
        }
        let handlers = self.handlers.clone();
        let performer = performer(&core, self.handlers, client.clone());
        let hooker = Hooker {
            core: core.clone(),
            hooks: self.hooks.clone(),
            performer: performer.clone(),
            client: client.clone(),
        };
        let (ready, prepared) = oneshot::channel();
        let (jobs, batches) = mpsc::unbounded_channel();
        let (moments, to_call) = mpsc::unbounded_channel();
        let (ends, results): (Vec<_>, _) = core
            .settings
            .pools
            .iter()
            .map(|_| mpsc::unbounded_channel())
            .unzip();
        let executor = Executor::new(
            core.clone(),
            performer.clone(),
            self.hooks,
            moments.downgrade(),
            ends,
        );
        tokio::spawn(executor.dispatch(batches));
        let calls = tokio::spawn(hooker.clone().run(to_call));
        let engine = Engine {
            core: core.clone(),
            backend: self.backend,
            performer,
            client: client.with_handlers(handlers),
            hooks_on: tokio::runtime::Handle::current(),
            notes: self.notes.clone(),
            moments,
            jobs,
            results,
            prepared,
            heard: self.heard,
        };
        for pool in &core.settings.pools {
            let queues = pool.queues.id_part();
            tracing::info!(queues, slots = pool.slots, "the worker starts");
        }
        let guard = StopWhenDropped(Some(self.notes));
        let started = engine.start(self.inbox)?;
        let preparing = async {
            let prepared = prepare(&hooker).await;
            // The engine may have ended meanwhile.
            let _ = ready.send(prepared);
            std::future::pending().await
        };
        let end = tokio::select! {
            biased;
            // A worker that is told to stop waits for no preparation.
            end = end_of(started, &core) => end,
            never = preparing => never,
        };
        guard.disarm();

        if ends_now(&core, &end) {
            // Jobs that run were given back, so nothing is waited for any more.
            calls.abort();
        } else {
            if let Some(isolation) = &core.settings.isolation {
                isolation.close().await;
            }
            // Hooks of the last moments are called, and the last one of all.
            let _ = calls.await;
        }
        let report = end?;
        tracing::info!(%report, "the worker has stopped");
        core.events
            .tell(|| Event::Stopped(Arc::new(report.clone())));
        Ok(report)
    }

    /// Works until it is told to stop, on a multi-thread runtime made for its jobs. For programs
    /// that have no runtime of their own.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and when the runtime cannot be made.
    pub fn run_blocking(self) -> Result<StopReport> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("resque-job")
            .build()
            .map_err(|error| Error::unavailable("start a runtime for jobs", error))?;
        let report = runtime.block_on(self.run());
        // Jobs that do not yield must not keep the caller.
        runtime.shutdown_background();
        report
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("backend", &self.backend)
            .field("handlers", &self.handlers)
            .field("settings", &self.core.settings)
            .finish_non_exhaustive()
    }
}

fn performer(core: &Arc<Core>, handlers: Handlers, client: Client) -> Performer {
    let store_time = core.clone();
    let performer =
        Performer::new(handlers, client).with_time(move || store_time.store_clock.now());
    if !core.events.heard() {
        return performer;
    }
    let events = core.events.clone();
    performer.with_progress(move |ctx: &crate::JobContext, progress: crate::Progress| {
        events.tell(|| Event::Progress {
            job: ctx.into(),
            progress,
        });
    })
}

/// Does what comes before the first job.
async fn prepare(hooker: &Hooker) -> Result<()> {
    before_first_fork(hooker).await?;
    open_isolation(&hooker.core).await
}

async fn before_first_fork(hooker: &Hooker) -> Result<()> {
    let result = hooker.hooks.run_before_first_fork(&hooker.context()).await;
    result.map_err(|error| Error::Hook {
        hook: "before_first_fork".to_owned(),
        source: error.into_error(),
    })
}

/// Prepares to perform jobs in other processes, if that is wanted.
async fn open_isolation(core: &Core) -> Result<()> {
    let settings = &core.settings;
    let Some(isolation) = &settings.isolation else {
        return Ok(());
    };
    let slots = settings.pools.iter().map(|pool| pool.slots).sum();
    let manner = Manner {
        fails_when_asked_to_stop: settings.on_term == OnTerm::Fail,
        title_prefix: settings.titles.clone(),
        children: ChildCount::new(core.events.meters().clone()),
    };
    isolation.open(slots, manner).await
}

fn write_pidfile(core: &Core) -> Result<()> {
    let Some(path) = &core.settings.pidfile else {
        return Ok(());
    };
    std::fs::write(path, std::process::id().to_string()).map_err(|error| Error::InvalidSetting {
        setting: format!("PIDFILE={}", path.display()),
        reason: format!("it cannot be written: {error}"),
    })
}

/// Whether the process is to end at once, because jobs still run that the end of it is to end.
fn ends_now(core: &Core, end: &Result<StopReport>) -> bool {
    let runs = |report: &StopReport| !report.still_running.is_empty();
    core.settings.exits_after_run && end.as_ref().is_ok_and(runs)
}

/// Waits for the engine's end; if it panicked, that is the report.
async fn end_of(started: Started, core: &Core) -> Result<StopReport> {
    let ended = started.end.await;
    let Ok(end) = ended else {
        let what = match started.thread.join() {
            Ok(()) => "the engine ended without a report".to_owned(),
            Err(panic) => match panic.downcast::<String>() {
                Ok(message) => *message,
                Err(panic) => match panic.downcast::<&str>() {
                    Ok(message) => (*message).to_owned(),
                    Err(panic) => resume_unwind(panic),
                },
            },
        };
        let reason = StopReason::Crashed(format!("the engine: {what}"));
        let running = core.slots.running();
        let running = running.iter().map(|running| running.info()).collect();
        return Ok(core
            .counters
            .report(reason, core.clock.monotonic(), running));
    };
    end
}

/// Stops the engine when the future of `run` is dropped.
struct StopWhenDropped(Option<mpsc::UnboundedSender<Note>>);

impl StopWhenDropped {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        if let Some(notes) = &self.0 {
            let _ = notes.send(Note::Wish(LifeEvent::StopNow, StopCause::Dropped));
        }
    }
}
