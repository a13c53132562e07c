//! Any program, started for each job.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::Limits;

/// Starts a program for each job. It finds the job's payload, as JSON, on its standard input; exit
/// status 0 is success, and else what it wrote to its standard error is the error.
///
/// In its environment are `RESQUE_QUEUE`, `RESQUE_CLASS`, `RESQUE_ATTEMPT` and `RESQUE_WORKER`.
/// What it writes to standard output goes where the worker's goes, and each line of its standard
/// error also into the worker's log. A program that a signal ends is recorded as
/// `Resque::DirtyExit`.
///
/// Handlers are not called, nor hooks around the performing of jobs; `before_fork` and `on_failure`
/// hooks of all classes are.
///
/// `main` has to call [`child_entry`](crate::child_entry) before anything else: the program of the
/// worker is started first, ties its life to the worker's, and then becomes the other program.
///
/// ```no_run
/// use resque_core::{Handlers, Worker};
/// use resque_isolation::{Child, Exec, child_entry};
///
/// async fn child() -> resque_core::Result<Child> {
///     Ok(Child::new(Handlers::new()))
/// }
///
/// # fn main() -> resque_core::Result<()> {
/// child_entry(child);
///
/// let backend = resque_memory::MemoryBackend::new();
/// let worker = Worker::builder(backend)
///     .queues("*")
///     .isolation(Exec::new("./perform.sh").argument("--verbose"));
/// worker.build()?.run_blocking()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "there are no children")
)]
pub struct Exec {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) limits: Limits,
    /// Variables of the worker that the program does not inherit.
    pub(crate) withheld: Vec<OsString>,
    /// The program that becomes the other one, if it is not this one.
    pub(crate) shim: Option<PathBuf>,
    #[cfg(target_os = "linux")]
    pub(crate) started: std::sync::OnceLock<crate::linux::Started>,
}

impl Exec {
    /// Starts this program, a path or a name that is looked up as a shell does.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            limits: Limits::new(),
            withheld: Vec::new(),
            shim: None,
            #[cfg(target_os = "linux")]
            started: std::sync::OnceLock::new(),
        }
    }

    /// Gives the program one more argument.
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Limits what the program may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps a variable of the worker from the program.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.withheld.push(name.into());
        self
    }

    /// Starts this program instead of the one that runs, to become the other one. Its `main` has to
    /// call [`child_entry`](crate::child_entry).
    pub fn shim(mut self, path: impl Into<PathBuf>) -> Self {
        self.shim = Some(path.into());
        self
    }
}
