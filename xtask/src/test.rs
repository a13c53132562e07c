//! `cargo xtask test`: real servers first, then every test of the workspace.

use std::process::Command;

use clap::Args;

use crate::failures::Failures;
use crate::servers::{self, CONTAINERS_FEATURE, Plan, Servers};
use crate::workspace::Workspace;
use crate::{Result, shell};

#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// Takes servers from here only; otherwise the first that is there: env, containers, local
    #[arg(long, value_enum)]
    servers: Option<Servers>,
    /// Only the tests of this package (may be given more than once)
    #[arg(short, long, value_name = "NAME")]
    package: Vec<String>,
    /// Passed to the test programs: a part of test names, or options such as `--nocapture`
    #[arg(last = true)]
    filter: Vec<String>,
    /// Which targets; CI takes those in a browser apart, to tell how long they take.
    #[arg(skip)]
    targets: Targets,
}

impl Options {
    /// These tests, with servers from wherever they are.
    pub(crate) fn of(targets: Targets) -> Self {
        Self {
            targets,
            ..Self::default()
        }
    }

    /// Whether a browser is needed.
    fn browses(&self) -> bool {
        let package = |name: &String| name == "resque-web";
        self.targets != Targets::NoBrowser
            && (self.package.is_empty() || self.package.iter().any(package))
    }
}

/// Which tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Targets {
    #[default]
    All,
    /// Those in a browser.
    Browser,
    /// All the others.
    NoBrowser,
}

/// The target with the tests in a browser, and the module in it that holds them all.
const BROWSER: (&str, &str) = ("browser", "in_chromium::");

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

pub(crate) fn run(options: &Options) -> Result<Tally> {
    let plan = shell::step("servers", || {
        if options.browses() {
            servers::ensure_browser()?;
        }
        servers::ensure(options.servers)
    })?;
    // Apart from the run, so that the seconds tell building from testing.
    shell::step("build", || {
        shell::run(cargo_test(options, &plan)?.arg("--no-run"))
    })?;
    let (mut tally, mut failures) = (Tally::default(), Failures::default());
    let outcome = shell::step("tests", || {
        let mut command = cargo_test(options, &plan)?;
        command.args(["--no-fail-fast", "--"]).args(&options.filter);
        if options.targets == Targets::NoBrowser {
            command.args(["--skip", BROWSER.1]);
        }
        shell::run_watched(&mut command, |line| {
            tally.add(line);
            failures.add(line);
        })
    });
    failures.print();
    tally.print();
    outcome?;
    if tally.passed == 0 {
        return Err("no test ran".into());
    }
    Ok(tally)
}

/// `cargo test` for what the options choose, with every feature but those that the plan has no use for.
fn cargo_test(options: &Options, plan: &Plan) -> Result<Command> {
    let without = if plan.containers {
        &[][..]
    } else {
        &[CONTAINERS_FEATURE]
    };
    let features = Workspace::read()?.features(&options.package, without);
    let mut command = shell::cargo();
    command.args(["test", "--features", &features]);
    if options.package.is_empty() {
        command.arg("--workspace");
    }
    for package in &options.package {
        command.args(["--package", package]);
    }
    if options.targets == Targets::Browser {
        // Of the whole workspace, so that nothing is built again with fewer features.
        command.args(["--test", BROWSER.0]);
    }
    plan.tell(&mut command);
    Ok(command)
}

impl Tally {
    /// Adds the numbers of another run.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }

    /// Adds the numbers of a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some(("test result", result)) = line.split_once(": ") else {
            return;
        };
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for count in counts.split("; ") {
            match count
                .split_once(' ')
                .map(|(number, word)| (number.parse::<u64>(), word))
            {
                Some((Ok(number), "passed")) => self.passed += number,
                Some((Ok(number), "failed")) => self.failed += number,
                Some((Ok(number), "ignored")) => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Prints the sum over all test programs, which cargo does not.
    #[expect(clippy::print_stdout, reason = "the result of the command")]
    pub(crate) fn print(self) {
        println!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.ignored
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed_and_other_lines_are_not() {
        let mut tally = Tally::default();
        tally.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        tally.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s");
        tally.add("test says: ok. 9 passed; 9 failed");
        tally.add("test a_test ... ok");
        assert_eq!(
            tally,
            Tally {
                passed: 7,
                failed: 2,
                ignored: 1
            }
        );
    }
}
