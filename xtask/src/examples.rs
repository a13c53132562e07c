//! Runs every example that is a program, as a reader of its page would.

use resque_testserver::Redis;

use crate::workspace::{Package, Workspace};
use crate::{Result, shell};

/// Works until a signal ends it, which its own tests send.
const RUN_BY_ITS_TESTS: &str = "crash-proof";

/// Runs the examples one after another; those that want a server get one of their own.
pub(crate) fn run() -> Result<()> {
    let server = Redis::new().start()?;
    let workspace = Workspace::read()?;
    for example in workspace
        .packages
        .iter()
        .filter(|package| is_example(package))
    {
        let mut command = shell::cargo();
        command.args(["run", "--quiet", "--package", &example.name]);
        // A worker that serves every queue and leaves when there is nothing to do.
        command.env("RESQUE_URL", server.url());
        command.env("QUEUES", "*").env("INTERVAL", "0");
        shell::run(&mut command)?;
    }
    Ok(())
}

fn is_example(package: &Package) -> bool {
    package.is_program
        && package.manifest.starts_with("examples/")
        && package.name != RUN_BY_ITS_TESTS
}
