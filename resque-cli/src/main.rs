//! The command `resque`.

mod commands;
mod failure;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Command;

/// Background jobs from the terminal.
#[derive(Debug, Parser)]
#[command(name = "resque", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
