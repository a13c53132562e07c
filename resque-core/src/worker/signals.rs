//! Signals of the operating system, with Resque's meanings.
//!
//! | signal | meaning |
//! |---|---|
//! | QUIT | finish the running jobs, then leave |
//! | TERM, INT | stop now: cancel the running jobs, give back what does not end in time; a second one stops at once |
//! | TERM with `GRACEFUL_TERM` | as QUIT |
//! | USR1 | ends the running jobs and goes on: kills their children, cancels those of this process |
//! | USR2, CONT | pause, resume |
//!
//! On Windows there is only Ctrl-C, which is INT.

use tokio::sync::mpsc;

use super::StopCause;
use super::lifecycle::LifeEvent;
use super::settings::Signals;
use super::supervisor::Note;
use crate::{Error, Result};

/// A signal that a worker obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Quit,
    Term,
    Int,
    #[cfg(unix)]
    Usr1,
    #[cfg(unix)]
    Usr2,
    #[cfg(unix)]
    Cont,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Quit => "QUIT",
            Self::Term => "TERM",
            Self::Int => "INT",
            #[cfg(unix)]
            Self::Usr1 => "USR1",
            #[cfg(unix)]
            Self::Usr2 => "USR2",
            #[cfg(unix)]
            Self::Cont => "CONT",
        }
    }

    /// What it means.
    fn event(self, signals: Signals) -> LifeEvent {
        match self {
            Self::Quit => LifeEvent::Quit,
            Self::Term if signals == Signals::GracefulTerm => LifeEvent::Quit,
            Self::Term | Self::Int => LifeEvent::StopNow,
            #[cfg(unix)]
            Self::Usr1 => LifeEvent::Kill,
            #[cfg(unix)]
            Self::Usr2 => LifeEvent::Pause,
            #[cfg(unix)]
            Self::Cont => LifeEvent::Resume,
        }
    }

    fn tell(self, signals: Signals, notes: &mpsc::UnboundedSender<Note>) {
        tracing::info!(signal = self.name(), "received a signal");
        // A worker that has gone obeys no more.
        let wish = Note::Wish(self.event(signals), StopCause::Signal(self.name()));
        let _ = notes.send(wish);
    }
}

/// The signals that a worker obeys, heard from the moment on in which this is made.
///
/// A worker that [handles signals](crate::worker::WorkerBuilder::handle_signals) hears them as soon as it
/// runs. Before that they have their usual effects, and most of those end the process. A program
/// that has something to do first, such as connecting to its store, begins to listen before and gives
/// what it hears to its [worker](crate::worker::WorkerBuilder::handle_heard_signals), which obeys it then.
///
/// ```no_run
/// use resque_core::worker::{HeardSignals, Worker};
///
/// # async fn connect() -> resque_core::Result<resque_core::Backend> {
/// #     Ok(resque_memory::MemoryBackend::new().backend())
/// # }
/// # async fn example() -> resque_core::Result<()> {
/// let signals = HeardSignals::listen()?;
/// let backend = connect().await?;
/// let worker = Worker::builder(backend)
///     .queues("*")
///     .handle_heard_signals(signals);
/// # drop(worker);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HeardSignals {
    #[cfg(unix)]
    streams: Vec<(Signal, tokio::signal::unix::Signal)>,
}

impl HeardSignals {
    /// Begins to listen, within a tokio runtime; nothing else in the process sees these signals'
    /// usual effects from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the operating system refuses.
    pub fn listen() -> Result<Self> {
        Self::listen_to_all().map_err(|error| {
            Error::unavailable("listen to the signals of the operating system", error)
        })
    }

    #[cfg(unix)]
    fn listen_to_all() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let kinds = [
            (Signal::Quit, SignalKind::quit()),
            (Signal::Term, SignalKind::terminate()),
            (Signal::Int, SignalKind::interrupt()),
            (Signal::Usr1, SignalKind::user_defined1()),
            (Signal::Usr2, SignalKind::user_defined2()),
            (Signal::Cont, SignalKind::from_raw(libc::SIGCONT)),
        ];
        let streams = kinds
            .into_iter()
            .map(|(which, kind)| Ok((which, signal(kind)?)));
        Ok(Self {
            streams: streams.collect::<std::io::Result<_>>()?,
        })
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
    fn listen_to_all() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Tells what was heard and what comes, as tasks of the runtime that this is called in.
    #[cfg(unix)]
    fn tell(self, signals: Signals, notes: &mpsc::UnboundedSender<Note>) {
        for (which, mut stream) in self.streams {
            let notes = notes.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    which.tell(signals, &notes);
                }
            });
        }
    }

    #[cfg(not(unix))]
    fn tell(self, signals: Signals, notes: &mpsc::UnboundedSender<Note>) {
        let notes = notes.clone();
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                Signal::Int.tell(signals, &notes);
            }
        });
    }
}

/// Begins to obey, what was heard before too.
///
/// # Errors
///
/// [`Error::Unavailable`] when the operating system refuses.
pub(crate) fn obey(
    signals: Signals,
    heard: Option<HeardSignals>,
    notes: &mpsc::UnboundedSender<Note>,
) -> Result<()> {
    if signals != Signals::Ignored {
        let heard = heard.map_or_else(HeardSignals::listen, Ok)?;
        heard.tell(signals, notes);
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn signals_mean_what_they_mean_to_resque() {
        let table = [
            (Signal::Quit, LifeEvent::Quit),
            (Signal::Term, LifeEvent::StopNow),
            (Signal::Int, LifeEvent::StopNow),
            (Signal::Usr1, LifeEvent::Kill),
            (Signal::Usr2, LifeEvent::Pause),
            (Signal::Cont, LifeEvent::Resume),
        ];
        for (signal, event) in table {
            assert_eq!(signal.event(Signals::Obeyed), event, "{}", signal.name());
        }
    }

    #[test]
    fn a_graceful_term_finishes_and_int_still_stops() {
        let event = |signal: Signal| signal.event(Signals::GracefulTerm);
        assert_eq!(event(Signal::Term), LifeEvent::Quit);
        assert_eq!(event(Signal::Int), LifeEvent::StopNow);
    }
}
