//! A store that goes away and comes back: growing waits, new connections, and one report of each
//! outage instead of one of each failed call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Event;
use super::events::Events;
use super::operation::Operation;
use crate::{Backend, Error, Result, SharedClock};

/// The same trouble is told again after this time.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Waits that double from the first to the longest, each shortened by up to a half at random so
/// that many workers do not come back in step.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
    random: fastrand::Rng,
}

impl Backoff {
    pub(crate) fn new((first, longest): (Duration, Duration)) -> Self {
        Self {
            first,
            longest,
            next: first,
            random: fastrand::Rng::new(),
        }
    }

    /// How long to wait before the next attempt.
    pub(crate) fn wait(&mut self) -> Duration {
        let full = self.next;
        self.next = full.saturating_mul(2).min(self.longest);
        full.mul_f64(1.0 - self.random.f64() / 2.0)
    }

    /// An attempt has succeeded.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// One connection of the engine to the store, replaced when it breaks.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    reconnecting: tokio::sync::Mutex<()>,
    /// Whether the last call failed, so that a success costs one look.
    failing: AtomicBool,
    clock: SharedClock,
    events: Events,
}

#[derive(Debug)]
struct State {
    backend: Backend,
    generation: u64,
    down_since: Option<Duration>,
    /// The troubles told lately and when.
    told: Vec<(String, Duration)>,
}

/// One generation of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) backend: Backend,
    generation: u64,
}

impl Link {
    /// Begins with a connection that is there already.
    pub(crate) fn new(backend: Backend, clock: SharedClock, events: Events) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                backend,
                generation: 0,
                down_since: None,
                told: Vec::new(),
            }),
            reconnecting: tokio::sync::Mutex::new(()),
            failing: AtomicBool::new(false),
            clock,
            events,
        })
    }

    /// The connection to use now.
    pub(crate) fn connection(&self) -> Connection {
        let state = self.state();
        Connection {
            backend: state.backend.clone(),
            generation: state.generation,
        }
    }

    /// The backend to use now.
    pub(crate) fn backend(&self) -> Backend {
        self.state().backend.clone()
    }

    /// Whether the store cannot be reached.
    pub(crate) fn is_down(&self) -> bool {
        self.state().down_since.is_some()
    }

    /// A call has succeeded.
    pub(crate) fn worked(&self) {
        if !self.failing.load(Ordering::Relaxed) {
            return;
        }
        self.failing.store(false, Ordering::Relaxed);
        let down_since = self.state().down_since.take();
        if let Some(since) = down_since {
            let lasted = self.clock.monotonic().saturating_sub(since);
            tracing::info!(?lasted, "the store can be reached again");
            self.events.announce(|| Event::OutageOver { lasted });
        }
    }

    /// A call has failed: tells the beginning of an outage, or a trouble that is new.
    pub(crate) fn failed(&self, doing: Operation, error: Error) {
        let now = self.clock.monotonic();
        let outage = error.is_transient();
        if outage {
            self.failing.store(true, Ordering::Relaxed);
            let mut state = self.state();
            if state.down_since.is_some() {
                return;
            }
            state.down_since = Some(now);
        } else if !self.is_news(&error, now) {
            return;
        }
        tell(&self.events, doing, error, outage);
    }

    fn is_news(&self, error: &Error, now: Duration) -> bool {
        let text = error.to_string();
        let mut state = self.state();
        state
            .told
            .retain(|(_, at)| now.saturating_sub(*at) < TELL_AGAIN_AFTER);
        if state.told.iter().any(|(told, _)| *told == text) {
            return false;
        }
        state.told.push((text, now));
        true
    }

    /// Opens a new connection unless somebody else has done so since `broken` was taken.
    pub(crate) async fn reconnect(&self, broken: &Connection) -> Result<()> {
        let _one_at_a_time = self.reconnecting.lock().await;
        if self.state().generation != broken.generation {
            return Ok(());
        }
        let backend = broken.backend.connect_again().await?;
        let mut state = self.state();
        state.backend = backend;
        state.generation += 1;
        Ok(())
    }

    /// Waits, then makes sure of a connection if `error` says that it broke. For use after
    /// [`failed`](Self::failed).
    pub(crate) async fn recover(&self, broken: &Connection, broke: bool, wait: Duration) {
        self.clock.sleep(wait).await;
        if broke && let Err(error) = self.reconnect(broken).await {
            self.failed(Operation::CONNECT_AGAIN, error);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of trying again and again.
#[derive(Debug)]
pub(crate) enum Persisted<T> {
    /// It worked.
    Done(T),
    /// The store refuses, and trying again would not help.
    Refused(Error),
    /// The time to try was over.
    GaveUp,
}

/// Tries a call until it works, is refused for good, or `give_up` ends.
pub(crate) async fn persist<T, F, G>(
    link: &Link,
    mut backoff: Backoff,
    give_up: G,
    doing: Operation,
    mut call: F,
) -> Persisted<T>
where
    F: AsyncFnMut(Backend) -> Result<T>,
    G: Future<Output = ()>,
{
    let mut give_up = std::pin::pin!(give_up);
    loop {
        let connection = link.connection();
        let error = tokio::select! {
            result = call(connection.backend.clone()) => match result {
                Ok(value) => {
                    link.worked();
                    return Persisted::Done(value);
                }
                Err(error) => error,
            },
            () = &mut give_up => return Persisted::GaveUp,
        };
        if !error.is_transient() {
            return Persisted::Refused(error);
        }
        let broke = broke(&error);
        link.failed(doing, error);
        tokio::select! {
            () = link.recover(&connection, broke, backoff.wait()) => {}
            () = &mut give_up => return Persisted::GaveUp,
        }
    }
}

/// Whether the connection is in doubt after this error, so that a new one should be opened.
pub(crate) fn broke(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable { .. } | Error::OutcomeUnknown { .. } | Error::Rejected { .. }
    )
}

fn tell(events: &Events, doing: Operation, error: Error, outage: bool) {
    let doing = doing.words();
    let cause: &dyn std::error::Error = &error;
    let cause = cause.source().map(tracing::field::display);
    if outage {
        tracing::warn!(%error, cause, doing, "the store cannot be reached; trying again");
    } else {
        tracing::error!(%error, cause, doing, "the store is in trouble; going on");
    }
    events.announce(|| {
        let error = Arc::new(error);
        if outage {
            Event::Outage { doing, error }
        } else {
            Event::Trouble { doing, error }
        }
    });
}
