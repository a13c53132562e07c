//! `cargo xtask ci`: everything that must hold before a change lands. `.ci/run` is this and no more.

use crate::{Result, bench, examples, features, interop, shell, test, tidy};

/// A step with the name that is printed, and what it does.
type Step = (&'static str, fn() -> Result<()>);

/// What follows the tests, in this order.
const STEPS: &[Step] = &[
    ("interop", || interop::run(&interop::Options::default())),
    ("formatting", formatting),
    ("tidy", tidy::run),
    ("examples", examples::run),
    ("clippy", clippy),
    ("documentation", documentation),
    ("features one by one", features::run),
    ("load programs", || bench::run(&bench::Options::SMOKE)),
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
