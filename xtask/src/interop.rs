//! `cargo xtask interop`: side by side with node-resque on one Redis.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use resque_testserver::find_program;

use crate::servers::{self, Servers};
use crate::workspace::Workspace;
use crate::{Result, shell};

/// The foreign party, and what it is made of.
const PEER: &str = "resque/tests/interop";
const FILES: [&str; 3] = ["package.json", "package-lock.json", "peer.mjs"];

/// The test programs that need it.
const TESTS: [(&str, &str); 2] = [("resque", "interop"), ("crash-proof", "foreign")];

#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// Takes the server from here only; otherwise the first that is there: containers, local
    #[arg(long, value_enum)]
    servers: Option<Servers>,
    /// Passed to the test programs: a part of test names, or options such as `--nocapture`
    #[arg(last = true)]
    filter: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let plan = servers::ensure(options.servers)?;
    ensure_node()?;
    let peer = prepare(&Workspace::read()?.root)?;
    for (package, test) in TESTS {
        let mut command = shell::cargo();
        command
            .args(["test", "--package", package, "--test", test])
            .args(["--", "--ignored"])
            .args(&options.filter)
            .env("RESQUE_INTEROP_PEER", &peer);
        plan.tell(&mut command);
        shell::run(&mut command)?;
    }
    Ok(())
}

fn ensure_node() -> Result<()> {
    if ["node", "npm"]
        .into_iter()
        .all(|name| find_program(name).is_some())
    {
        return Ok(());
    }
    shell::install(&["nodejs", "npm"]).map_err(|cause| {
        format!("this chore needs node and npm; install them (Debian: apt-get install nodejs npm): {cause}").into()
    })
}

/// Copies the foreign party into `target`, where it finds the packages that npm puts beside it: none
/// of them comes into the source tree. Those that are there already are not fetched again.
fn prepare(root: &Path) -> Result<PathBuf> {
    let peer = root.join("target/interop");
    fs::create_dir_all(&peer)?;
    for file in FILES {
        fs::copy(root.join(PEER).join(file), peer.join(file))?;
    }
    // Written last, so that it stands for packages that are all there.
    let installed = peer.join("node_modules/.installed-lock.json");
    let lock = fs::read(peer.join("package-lock.json"))?;
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(peer);
    }
    shell::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--prefer-offline"])
            .current_dir(&peer),
    )?;
    fs::write(installed, lock)?;
    Ok(peer)
}
