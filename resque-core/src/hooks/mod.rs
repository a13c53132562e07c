//! Code that runs around the steps in the life of a job, in Resque's order and meaning.

mod around;
mod enqueue;
mod list;
mod set;
mod worker;

pub use self::around::{Middleware, Next};
pub use self::enqueue::EnqueueContext;
pub(crate) use self::list::HookList;
pub use self::set::Hooks;
pub(crate) use self::set::{EnqueueHook, GateHook};
pub use self::worker::{WorkerContext, WorkerHooks};
