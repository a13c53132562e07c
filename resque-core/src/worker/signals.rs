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

/// Begins to obey; nothing else in the process sees these signals' usual effects from now on.
///
/// # Errors
///
/// [`Error::Unavailable`] when the operating system refuses.
pub(crate) fn obey(signals: Signals, notes: &mpsc::UnboundedSender<Note>) -> Result<()> {
    if signals == Signals::Ignored {
        return Ok(());
    }
    listen(signals, notes)
        .map_err(|error| Error::unavailable("listen to the signals of the operating system", error))
}

#[cfg(unix)]
fn listen(signals: Signals, notes: &mpsc::UnboundedSender<Note>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [
        (Signal::Quit, SignalKind::quit()),
        (Signal::Term, SignalKind::terminate()),
        (Signal::Int, SignalKind::interrupt()),
        (Signal::Usr1, SignalKind::user_defined1()),
        (Signal::Usr2, SignalKind::user_defined2()),
        (Signal::Cont, SignalKind::from_raw(libc::SIGCONT)),
    ];
    for (which, kind) in kinds {
        let (mut stream, notes) = (signal(kind)?, notes.clone());
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                which.tell(signals, &notes);
            }
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn listen(signals: Signals, notes: &mpsc::UnboundedSender<Note>) -> std::io::Result<()> {
    let notes = notes.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            Signal::Int.tell(signals, &notes);
        }
    });
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
