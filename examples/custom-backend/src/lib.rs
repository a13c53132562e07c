//! A backend of one's own, complete and little: everything in one file.
//!
//! The page `docs/writing-a-backend.md` walks through it; what it quotes is taken from here.

mod delayed;
mod failures;
mod file;
mod queue;
mod registry;
mod settle;
mod state;

pub use file::FileBackend;
