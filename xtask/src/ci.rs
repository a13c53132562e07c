//! `cargo xtask ci`: everything that must hold before a change lands. `.ci/run` is this and no more.

use clap::Args;

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

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Begins with this step, such as `clippy`, instead of the tests
    #[arg(long)]
    from: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    ensure_components()?;
    if let Some(from) = &options.from {
        let steps = STEPS.iter().skip_while(|(name, _)| name != from);
        let steps: Vec<_> = steps.collect();
        if steps.is_empty() {
            let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no step {from:?}, but {}", names.join(", ")).into());
        }
        return steps.into_iter().try_for_each(take);
    }
    // The README's command: `cargo xtask test`, in two parts.
    let others = test::Options::of(test::Targets::NoBrowser);
    let tally = test::run(&others)?.and(browser()?);
    STEPS.iter().try_for_each(take)?;
    tally.print();
    Ok(())
}

/// The tests in a browser.
pub(crate) fn browser() -> Result<test::Tally> {
    let options = test::Options::of(test::Targets::Browser);
    shell::step("browser", || test::run(&options))
}

fn take((name, work): &Step) -> Result<()> {
    shell::step(name, work)
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
