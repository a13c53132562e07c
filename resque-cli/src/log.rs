//! The log of this program.

use std::io::{IsTerminal, stderr};

use resque::worker::WorkerEnv;
use tracing_subscriber::EnvFilter;

use crate::commands::Command;
use crate::failure::Failure;
use crate::options::{Global, LogFormat};

/// Starts the log, unless the command draws on the terminal that would show it.
pub(crate) fn start(global: &Global, command: &Command) -> Result<(), Failure> {
    if command.draws() && stderr().is_terminal() {
        return Ok(());
    }
    let directives = match &global.log_level {
        Some(level) => level.clone(),
        // A variable that makes no sense is told by the command that needs it.
        None => WorkerEnv::read()
            .map(|env| env.verbosity)
            .unwrap_or_default()
            .level_filter()
            .to_string(),
    };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|error| Failure::setting("--log-level", error.to_string()))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colours())
        .with_writer(stderr);
    // A program that has a log of its own keeps it.
    let _ = match global.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Pretty => log.pretty().try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Whether standard error is looked at by somebody who wants colours: see <https://no-color.org>.
fn has_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stderr().is_terminal() && !refused
}
