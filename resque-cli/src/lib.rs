//! The command `resque` as a library: a program of yours gets every command of it, with `work`
//! performing your job types, by one line.
//!
//! ```no_run
//! use resque::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Archive { repo_id: u64, branch: String }
//!
//! impl Job for Archive {
//!     const CLASS: &'static str = "Archive";
//!     const QUEUE: &'static str = "file_serve";
//!     async fn perform(self, _ctx: &JobContext) -> JobResult { Ok(()) }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     resque_cli::App::new(Handlers::new().register::<Archive>()).run()
//! }
//! ```
//!
//! Then `myprogram work --queues '*'` performs these jobs, and `myprogram queues`, `myprogram failed`
//! and all the others do what they do in `resque`. What follows is the page about the commands.
//!
#![doc = include_str!("../../docs/cli.md")]

mod app;
mod commands;
mod confirm;
mod context;
mod failure;
mod log;
mod options;
mod output;
#[cfg(test)]
mod pages;
mod place;
mod terminal;
mod text;
mod times;

pub use self::app::App;
