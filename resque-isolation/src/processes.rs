//! Children of the same program.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::Limits;

/// How many jobs a child performs if nothing is said.
const JOBS_PER_CHILD: u32 = 100;

/// Performs jobs in children of the same program, one at a time in each.
///
/// A child stays warm for the next job until it has performed its share; its successor starts while
/// it is busy with its last one. There are as many children as slots, and for moments of change up
/// to twice as many.
///
/// `main` has to call [`child_entry`](crate::child_entry) before anything else.
#[derive(Debug)]
#[must_use]
pub struct Processes {
    pub(crate) settings: Settings,
    #[cfg(target_os = "linux")]
    pub(crate) pool: std::sync::OnceLock<std::sync::Arc<crate::linux::Pool>>,
}

/// What is set about children.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "there are no children")
)]
pub(crate) struct Settings {
    pub(crate) jobs_per_child: u32,
    pub(crate) limits: Limits,
    /// Another program than this one, and what it is told beside.
    pub(crate) program: Option<PathBuf>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Variables of this process that they do not inherit.
    pub(crate) withheld: Vec<OsString>,
    /// What they are told and what they start does not inherit.
    pub(crate) told: Vec<(String, String)>,
}

impl Processes {
    /// Children that perform a hundred jobs each and are not limited.
    pub fn new() -> Self {
        Self {
            settings: Settings {
                jobs_per_child: JOBS_PER_CHILD,
                limits: Limits::new(),
                program: None,
                environment: Vec::new(),
                withheld: Vec::new(),
                told: Vec::new(),
            },
            #[cfg(target_os = "linux")]
            pool: std::sync::OnceLock::new(),
        }
    }

    /// A child performs so many jobs and then makes room for a fresh one. With 1 no job finds
    /// anything that another one left, as in Resque.
    pub fn jobs_per_child(mut self, jobs: u32) -> Self {
        self.settings.jobs_per_child = jobs.max(1);
        self
    }

    /// Limits what each child may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Starts this program as children instead of the one that runs. Its `main` has to call
    /// [`child_entry`](crate::child_entry).
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.program = Some(path.into());
        self
    }

    /// Tells the children something that they ask for with [`told`](crate::told). Unlike a variable
    /// it is seen by nobody else, and what jobs start does not inherit it.
    pub fn tell(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.told.push((name.into(), value.into()));
        self
    }

    /// Keeps a variable of this process from the children, and from what jobs start.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.settings.withheld.push(name.into());
        self
    }

    /// Sets a variable in the environment of the children, beside those of this process.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let variable = (name.into(), value.into());
        self.settings.environment.push(variable);
        self
    }
}

impl Default for Processes {
    fn default() -> Self {
        Self::new()
    }
}
