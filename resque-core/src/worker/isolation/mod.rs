//! Performing jobs in other processes.
//!
//! The runtime knows only the trait; who starts processes and talks to them is written elsewhere.

mod count;
mod exit;
mod leash;

use std::fmt;

use async_trait::async_trait;

pub use self::count::{ChildCount, CountedChild};
pub use self::exit::{ChildExit, ExitCause};
pub use self::leash::Leash;
use crate::{JobContext, JobFailure, Performed, Result};

/// Performs jobs outside of the worker's own process.
///
/// The worker takes and settles the jobs, counts their time, and decides what a death means; what
/// implements this starts processes, hands jobs to them and tells how they ended.
#[async_trait]
pub trait Isolation: fmt::Debug + Send + Sync + 'static {
    /// Prepares for performing so many jobs at the same time. Called once, before the worker takes
    /// its first job.
    ///
    /// # Errors
    ///
    /// When no job could ever be performed; the worker does not start then.
    async fn open(&self, slots: usize, manner: Manner) -> Result<()>;

    /// Performs one job, and comes back only when whatever performed it is gone or has finished
    /// with it. A process that cannot be started is tried again until the leash is pulled.
    ///
    /// It has to tell by [`Leash::begins`] when the job begins, because the time that the job may
    /// run counts from there.
    async fn perform(&self, job: &JobContext, leash: &Leash) -> Isolated;

    /// Lets go of what is kept ready; no job will be performed any more.
    async fn close(&self);
}

/// How processes behave.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Manner {
    /// Whether a job that is asked to stop fails at once with `Resque::TermException`, as in Ruby.
    /// Otherwise it is told to end by itself.
    pub fails_when_asked_to_stop: bool,
    /// What stands before each title of a process; `None` leaves titles alone.
    pub title_prefix: Option<String>,
    /// Counts the processes.
    pub children: ChildCount,
}

/// How a job in another process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Isolated {
    /// Its process said so; hooks have run there.
    Performed(Performed),
    /// It failed, and no failure hooks have run.
    Failed(JobFailure),
    /// Its process ended before it said anything.
    Died(ChildExit),
    /// It was never begun: the leash was pulled before.
    NotStarted,
}
