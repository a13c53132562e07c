//! The project's own chores, run as `cargo xtask <command>`: tests with real servers, tidy, the steps of CI.

mod bench;
mod ci;
mod deny;
mod examples;
mod failures;
mod features;
mod guarantees;
mod images;
mod interop;
mod page;
mod programs;
mod servers;
mod shell;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a chore ends with when it could not do its work.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes sure of real servers, then runs every test of the workspace
    Test(test::Options),
    /// Makes sure of Chromium, then runs the tests of the pages in it
    Browser,
    /// Checks the rules of the house that no compiler knows
    Tidy,
    /// Checks licences, sources and bans of every dependency; needs cargo-deny
    Deny(deny::Options),
    /// Makes container images of this machine's redis-server and postgres, for use without a registry
    LocalImages(images::Options),
    /// Works side by side with node-resque on one Redis; on Debian root has node installed
    Interop(interop::Options),
    /// Runs the conformance suite on every backend and writes the table of guarantees into README.md
    Guarantees(guarantees::Options),
    /// Runs the load programs beside the servers' own tools and writes the table of speed into README.md
    Bench(bench::Options),
    /// Runs every step of CI, in order, with the seconds each took
    Ci(ci::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test(options) => test::run(&options).map(|_| ()),
        Command::Browser => ci::browser().map(|_| ()),
        Command::Tidy => tidy::run(),
        Command::Deny(options) => deny::run(&options),
        Command::LocalImages(options) => images::run(&options),
        Command::Interop(options) => interop::run(&options),
        Command::Guarantees(options) => guarantees::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Ci(options) => shell::step("everything", || ci::run(&options)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::print_chain(&*error);
            ExitCode::FAILURE
        }
    }
}
