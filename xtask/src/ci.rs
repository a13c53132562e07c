//! `cargo xtask ci`: what `.ci/run` runs, one step after the other.

use clap::Args;

use crate::{Result, shell, test};

#[derive(Args, Debug)]
pub(crate) struct Options {}

pub(crate) fn run(_options: &Options) -> Result<()> {
    let tally = test::run(&test::Options::default())?;
    shell::step("formatting", || {
        shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
    })?;
    shell::step("clippy", || {
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-Dwarnings",
        ];
        shell::run(shell::cargo().args(arguments))
    })?;
    shell::step("documentation", || {
        let arguments = ["doc", "--workspace", "--no-deps", "--all-features"];
        shell::run(
            shell::cargo()
                .env("RUSTDOCFLAGS", "-Dwarnings")
                .args(arguments),
        )
    })?;
    tally.print();
    Ok(())
}
