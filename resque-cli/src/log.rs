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
    begin(&level(global), global.log_format)
}

/// What a child of this process is told, so that it logs alike.
pub(crate) fn told(global: &Global) -> String {
    let format = match global.log_format {
        LogFormat::Text => "text",
        LogFormat::Pretty => "pretty",
        LogFormat::Json => "json",
    };
    format!("{format} {}", level(global))
}

/// Starts the log of a child as it was told.
pub(crate) fn start_as_told(told: &str) -> Result<(), Failure> {
    let (format, level) = told.split_once(' ').unwrap_or(("text", told));
    let format = match format {
        "json" => LogFormat::Json,
        "pretty" => LogFormat::Pretty,
        _ => LogFormat::Text,
    };
    begin(level, format)
}

fn level(global: &Global) -> String {
    match &global.log_level {
        Some(level) => level.clone(),
        // A variable that makes no sense is told by the command that needs it.
        None => WorkerEnv::read()
            .map(|env| env.verbosity)
            .unwrap_or_default()
            .level_filter()
            .to_string(),
    }
}

fn begin(level: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| Failure::setting("--log-level", error.to_string()))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colours())
        .with_writer(stderr);
    // A program that has a log of its own keeps it.
    let _ = match format {
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
