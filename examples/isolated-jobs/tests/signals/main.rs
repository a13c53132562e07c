//! The table of docs/signals.md, row by row, with real processes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deaf;
mod killed;
mod pause;
mod quit;
mod several;
mod term;
mod titles;
mod usr1;
mod worker;
