//! `cargo xtask deny`: what may be linked into a user's program.

use clap::Args;

use crate::{Result, shell};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Only these checks: advisories (asks the network), bans, licenses, sources
    checks: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if !shell::succeeds(shell::cargo().args(["deny", "--version"])) {
        return Err("cargo-deny is missing: `cargo install --locked cargo-deny`".into());
    }
    shell::run(shell::cargo().args(["deny", "check"]).args(&options.checks))
}
