//! The program: its arguments, its job types, its exit code.

use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches, Parser};
use resque::isolation::child_entry;
use resque::worker::WorkerBuilder;
use resque::{Handlers, SystemClock, WorkerHooks};

use crate::commands::{Command, isolated};
use crate::context::Context;
use crate::failure::MISUSED;
use crate::log;
use crate::options::Global;

/// Background jobs from the terminal.
#[derive(Debug, Parser)]
#[command(name = "resque", version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What a program does to its worker before it is built.
pub(crate) type Setup = Box<dyn FnOnce(WorkerBuilder) -> WorkerBuilder + Send>;

/// A program with all commands of `resque`, whose `work` performs its own jobs.
///
/// ```no_run
/// use resque::Handlers;
///
/// fn main() -> std::process::ExitCode {
///     let handlers = Handlers::new().register_fn("Greet", |(name,): (String,), _ctx| async move {
///         eprintln!("hello, {name}");
///         Ok(())
///     });
///     resque_cli::App::new(handlers).name("shop").version("2.1").run()
/// }
/// ```
#[must_use = "nothing happens before `run`"]
pub struct App {
    handlers: Handlers,
    hooks: WorkerHooks,
    setup: Option<Setup>,
    name: Option<&'static str>,
    version: Option<&'static str>,
    args: Option<Vec<OsString>>,
}

impl App {
    /// A program whose `work` performs jobs with these handlers, and whose other commands know the
    /// hooks of these classes.
    pub fn new(handlers: Handlers) -> Self {
        Self {
            handlers,
            hooks: WorkerHooks::new(),
            setup: None,
            name: None,
            version: None,
            args: None,
        }
    }

    /// Calls itself so in help and completions, instead of `resque`.
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Tells this as its version, instead of that of this library.
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Calls these hooks in the life of the worker of `work`, and `after_fork` in the children that
    /// perform its jobs.
    pub fn worker_hooks(mut self, hooks: WorkerHooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// Changes what only the program can say about the worker of `work`: schedules, retries, a sink
    /// for events. Flags and environment variables are taken over before.
    pub fn worker<F>(mut self, setup: F) -> Self
    where
        F: FnOnce(WorkerBuilder) -> WorkerBuilder + Send + 'static,
    {
        self.setup = Some(Box::new(setup));
        self
    }

    /// Takes these arguments, the program's name first, instead of those of the process.
    pub fn args<I, A>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = A>,
        A: Into<OsString>,
    {
        self.args = Some(args.into_iter().map(Into::into).collect());
        self
    }

    /// Does what the arguments say; the answer is for `main` to return.
    ///
    /// It starts a runtime of its own, so it must not be called within one. It belongs at the very
    /// beginning of `main`, because a process that performs jobs for a worker goes no further.
    #[must_use = "the exit code is for `main` to return"]
    pub fn run(self) -> ExitCode {
        let (handlers, hooks) = (self.handlers.clone(), self.hooks.clone());
        child_entry(|| isolated::child(handlers, hooks));
        let args = self.args.unwrap_or_else(|| std::env::args_os().collect());
        let mut described = Cli::command();
        if let Some(name) = self.name {
            described = described.name(name).bin_name(name);
        }
        if let Some(version) = self.version {
            described = described.version(version);
        }
        let matches = described.clone().try_get_matches_from(&args);
        let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
        let cli = match cli {
            Ok(cli) => cli,
            Err(answer) => {
                // Help and version are answers too; there is nobody to tell that they did not fit.
                let _ = answer.print();
                let misused = answer.exit_code() != 0;
                return if misused {
                    ExitCode::from(MISUSED)
                } else {
                    ExitCode::SUCCESS
                };
            }
        };
        let context = Context {
            global: cli.global,
            handlers: self.handlers,
            hooks: self.hooks,
            setup: self.setup,
            described,
            clock: Arc::new(SystemClock::new()),
        };
        let done =
            log::start(&context.global, &cli.command).and_then(|()| cli.command.run(context));
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.tell(),
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("handlers", &self.handlers)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_described_without_a_contradiction() {
        Cli::command().debug_assert();
    }
}
