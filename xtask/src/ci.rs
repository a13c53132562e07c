//! `cargo xtask ci`: everything that must hold before a change lands. `.ci/run` is this and no more.

use crate::workspace::Workspace;
use crate::{Result, shell, test, tidy};

/// A step with the name that is printed, and what it does.
type Step = (&'static str, fn() -> Result<()>);

/// What follows the tests, in this order.
const STEPS: &[Step] = &[
    ("formatting", formatting),
    ("tidy", tidy::run),
    ("clippy", clippy),
    ("documentation", documentation),
    ("features one by one", features),
];

pub(crate) fn run() -> Result<()> {
    ensure_components()?;
    // The README's command: `cargo xtask test`.
    let tally = test::run(&test::Options::default())?;
    for (name, work) in STEPS {
        shell::step(name, work)?;
    }
    tally.print();
    Ok(())
}

/// A minimal toolchain has neither formatter nor linter.
fn ensure_components() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let is_there = shell::succeeds(shell::cargo().args([subcommand, "--version"]));
        if !is_there {
            shell::run(std::process::Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

fn formatting() -> Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-Dwarnings",
    ];
    shell::run(shell::cargo().args(arguments))
}

fn documentation() -> Result<()> {
    let arguments = ["doc", "--workspace", "--no-deps", "--all-features"];
    shell::run(
        shell::cargo()
            .env("RUSTDOCFLAGS", "-Dwarnings")
            .args(arguments),
    )
}

/// Builds each library without features and with each of its features alone: together they hide what one
/// forgot to ask for.
fn features() -> Result<()> {
    let workspace = Workspace::read()?;
    for package in workspace
        .packages
        .iter()
        .filter(|package| package.is_library)
    {
        let check = || {
            let mut command = shell::cargo();
            command.args([
                "check",
                "--quiet",
                "--package",
                &package.name,
                "--no-default-features",
            ]);
            command
        };
        shell::run(&mut check())?;
        for feature in package
            .features
            .iter()
            .filter(|feature| *feature != "default")
        {
            shell::run(check().args(["--features", feature]))?;
        }
    }
    Ok(())
}
