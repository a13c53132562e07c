//! How a worker ends, and what the outside sees of it until then.

use std::path::PathBuf;
use std::time::Duration;

use super::WorkerBuilder;
use crate::worker::{HeardSignals, OnTerm};

/// Whether the process shows what its worker does.
#[derive(Clone, Debug, Default)]
pub(super) enum Titles {
    /// If the worker obeys signals, because then it is what the process is there for.
    #[default]
    WithSignals,
    Never,
    /// With this before each title.
    Always(String),
}

impl WorkerBuilder {
    /// What stands before each title, if titles are shown.
    pub(super) fn shown_titles(&self) -> Option<String> {
        let told = || {
            let prefix = self.env.as_ref()?.procline_prefix.clone();
            Some(prefix.unwrap_or_default())
        };
        match &self.titles {
            Titles::Never => None,
            Titles::Always(prefix) => Some(prefix.clone()),
            Titles::WithSignals => self.obeys_signals.then(|| told().unwrap_or_default()),
        }
    }
}

/// How a worker ends.
impl WorkerBuilder {
    /// Obeys the signals QUIT, TERM, INT, USR1, USR2 and CONT as Resque does; on Windows Ctrl-C.
    /// Otherwise the program stops the worker with its [`WorkerHandle`](crate::worker::WorkerHandle).
    pub fn handle_signals(mut self) -> Self {
        self.obeys_signals = true;
        self
    }

    /// Obeys signals as [`handle_signals`](Self::handle_signals) does, and those too that the program
    /// heard before the worker runs.
    pub fn handle_heard_signals(mut self, heard: HeardSignals) -> Self {
        self.heard_signals = Some(heard);
        self.handle_signals()
    }

    /// Lets TERM act like QUIT.
    pub fn graceful_term(mut self, graceful: bool) -> Self {
        self.graceful_term = graceful;
        self
    }

    /// After a stop, how long running jobs are let be before they are cancelled.
    pub fn pre_shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.pre_shutdown_timeout = timeout;
        self
    }

    /// After a stop, how long cancelled jobs have to end before they are dropped and go back to
    /// the front of their queues. Four seconds if nothing is said.
    pub fn term_timeout(mut self, timeout: Duration) -> Self {
        self.settings.term_timeout = timeout;
        self
    }

    /// Promises that the process ends as soon as [`Worker::run`](crate::Worker::run) returns.
    ///
    /// A job that does not yield can be ended by nothing but the end of the process. With this
    /// promise it too goes back to its queue when the worker stops, as the very last step; without,
    /// it stays noted as held, because it would otherwise run twice.
    pub fn exits_after_run(mut self) -> Self {
        self.settings.exits_after_run = true;
        self
    }

    /// What becomes of jobs that the stop of the worker ends: they go back to the front of their
    /// queues unless something else is said.
    pub fn on_term(mut self, on_term: OnTerm) -> Self {
        self.settings.on_term = on_term;
        self
    }

    /// Whether isolated jobs are asked to stop before they are killed, as with `TERM_CHILD`: the
    /// child gets TERM, and KILL when it has not ended in time. Otherwise it gets KILL at once.
    pub fn term_child(mut self, polite: bool) -> Self {
        self.settings.term_child = polite;
        self
    }

    /// Whether `ps` shows what this process and its children do, in Resque's words:
    /// `resque-0.1.0: Waiting for mail`. On Linux it does if the worker
    /// [obeys signals](Self::handle_signals), unless something else is said here. A title is cut to
    /// the length of the command line.
    pub fn process_titles(mut self, shown: bool) -> Self {
        self.titles = if shown {
            let env = self.env.as_ref();
            let prefix = env.and_then(|env| env.procline_prefix.clone());
            Titles::Always(prefix.unwrap_or_default())
        } else {
            Titles::Never
        };
        self
    }

    /// Writes the process id to this file when the worker starts. As in Resque it is never removed.
    pub fn pidfile(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.pidfile = Some(path.into());
        self
    }
}
