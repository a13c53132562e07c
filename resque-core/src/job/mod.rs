//! The job model: what a job is, what it is told while it runs, and how it is performed.

mod backtrace;
mod cancellation;
mod context;
mod error;
mod failure;
mod function;
mod handler;
mod handlers;
mod inspect;
#[expect(
    clippy::module_inception,
    reason = "the trait the whole module is about"
)]
mod job;
mod panic;
mod performer;
mod progress;
#[cfg(feature = "worker")]
mod renew;
mod retry;
mod state;

pub use self::context::{Attempt, JobContext};
pub use self::error::{JobError, JobResult};
pub use self::failure::{JobFailure, Performed};
pub use self::handler::Handler;
pub use self::handlers::Handlers;
pub(crate) use self::handlers::Registration;
pub(crate) use self::inspect::describe;
pub use self::job::Job;
pub(crate) use self::panic::catch;
pub use self::performer::Performer;
pub(crate) use self::performer::share;
pub use self::progress::{Progress, ProgressSink};
pub use self::retry::{Decision, RetryPolicy, Verdict};
