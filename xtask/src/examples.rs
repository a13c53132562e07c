//! Runs every example that is a program.

use resque_testserver::{Postgres, Redis};

use crate::programs::Programs;
use crate::workspace::{Package, Workspace};
use crate::{Result, shell};

/// Work until a signal ends them; their own tests try them.
const RUN_BY_THEIR_TESTS: [&str; 2] = ["crash-proof", "own-dashboard"];

/// Runs on one store after another.
const RUN_ON_EVERY_STORE: &str = "backend-by-environment";

/// Have commands, of which this one works.
const RUN_AS_WORKERS: ([&str; 2], [&str; 3]) =
    (["fleet", "own-command"], ["work", "--queues", "*"]);

/// Runs the examples one after another; those that want a server get one of their own.
pub(crate) fn run() -> Result<()> {
    let (redis, postgres) = (Redis::new().start()?, Postgres::new().start()?);
    let workspace = Workspace::read()?;
    let programs = Programs::build(&workspace)?;
    migrate(&programs, postgres.url())?;
    let examples = workspace.packages.iter().filter_map(|package| {
        let program = package.program.as_ref().filter(|_| is_example(package));
        program.map(|program| (package, program))
    });
    for (example, program) in examples {
        for url in stores(&example.name, &redis.url(), postgres.url()) {
            let mut command = resque_testserver::command(programs.path(program));
            if RUN_AS_WORKERS.0.contains(&&*example.name) {
                command.args(RUN_AS_WORKERS.1);
            }
            // A worker that serves every queue and leaves when there is nothing to do.
            command.env("RESQUE_URL", url);
            command.env("DATABASE_URL", postgres.url());
            command.env("QUEUES", "*").env("INTERVAL", "0");
            shell::run(&mut command)?;
        }
    }
    Ok(())
}

/// The stores that an example is run on.
fn stores<'a>(example: &str, redis: &'a str, postgres: &'a str) -> Vec<&'a str> {
    match example {
        RUN_ON_EVERY_STORE => vec!["memory:", redis, postgres],
        _ => vec![redis],
    }
}

/// Makes the tables, as a deployment would.
fn migrate(programs: &Programs, url: &str) -> Result<()> {
    let mut command = resque_testserver::command(programs.path("resque"));
    shell::run(command.args(["migrate", "up", "--url", url]))
}

fn is_example(package: &Package) -> bool {
    package.manifest.starts_with("examples/")
        && !RUN_BY_THEIR_TESTS.contains(&package.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_environment_is_run_on_every_store() {
        let stores = |example| stores(example, "redis:", "postgres:");
        assert_eq!(
            stores(RUN_ON_EVERY_STORE),
            ["memory:", "redis:", "postgres:"]
        );
        assert_eq!(stores("quickstart"), ["redis:"]);
    }
}
