//! Signals of the operating system, with Resque's meanings.
//!
//! | signal | meaning |
//! |---|---|
//! | QUIT | finish the running jobs, then leave |
//! | TERM, INT | stop now: cancel the running jobs, give back what does not end in time; a second one stops at once |
//! | TERM with `GRACEFUL_TERM` | as QUIT |
//! | USR1 | kills the child that performs a job; there is none here, so nothing |
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
    fn event(self, signals: Signals) -> Option<LifeEvent> {
        match self {
            Self::Quit => Some(LifeEvent::Quit),
            Self::Term if signals == Signals::GracefulTerm => Some(LifeEvent::Quit),
            Self::Term | Self::Int => Some(LifeEvent::StopNow),
            #[cfg(unix)]
            Self::Usr1 => None,
            #[cfg(unix)]
            Self::Usr2 => Some(LifeEvent::Pause),
            #[cfg(unix)]
            Self::Cont => Some(LifeEvent::Resume),
        }
    }

    fn tell(self, signals: Signals, notes: &mpsc::UnboundedSender<Note>) {
        tracing::info!(signal = self.name(), "received a signal");
        if let Some(event) = self.event(signals) {
            // A worker that has gone obeys no more.
            let _ = notes.send(Note::Wish(event, StopCause::Signal(self.name())));
        }
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
            (Signal::Quit, Some(LifeEvent::Quit)),
            (Signal::Term, Some(LifeEvent::StopNow)),
            (Signal::Int, Some(LifeEvent::StopNow)),
            (Signal::Usr1, None),
            (Signal::Usr2, Some(LifeEvent::Pause)),
            (Signal::Cont, Some(LifeEvent::Resume)),
        ];
        for (signal, event) in table {
            assert_eq!(signal.event(Signals::Obeyed), event, "{}", signal.name());
        }
    }

    #[test]
    fn a_graceful_term_finishes_and_int_still_stops() {
        let event = |signal: Signal| signal.event(Signals::GracefulTerm);
        assert_eq!(event(Signal::Term), Some(LifeEvent::Quit));
        assert_eq!(event(Signal::Int), Some(LifeEvent::StopNow));
    }
}
