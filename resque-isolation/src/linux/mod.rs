//! Children on Linux.

mod command;
mod end;
mod entry;
mod frame;
mod message;
mod pool;
mod process;
mod program;
mod serve;
mod sign;
mod starter;
mod warm;

pub use self::entry::child_entry;
pub(crate) use self::pool::Pool;
pub(crate) use self::program::Started;
