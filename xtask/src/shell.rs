//! Running other programs, and saying how long a step took.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;

/// The cargo that runs this chore.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command` with this process's terminal; anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", line(command));
    let status = command
        .status()
        .map_err(|cause| could_not_start(command, &cause))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(command, status))
    }
}

/// Runs `command` and gives what it wrote to stdout.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|cause| could_not_start(command, &cause))?;
    if !output.status.success() {
        return Err(failed(command, output.status));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs `command`, passes its stdout through and shows each line of it to `watch`.
pub(crate) fn run_watched(command: &mut Command, mut watch: impl FnMut(&str)) -> Result<()> {
    eprintln!("$ {}", line(command));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| could_not_start(command, &cause))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            print_line(&line);
            watch(&line);
        }
    }
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(command, status))
    }
}

/// Whether `command` can be started and ends well, without showing what it says.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Installs Debian packages, which needs Debian and root.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !succeeds(Command::new("apt-get").arg("--version")) {
        return Err("this chore can install packages only on Debian".into());
    }
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(packages))
}

/// Runs one named step and prints its seconds, whether it passed or failed.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("== {name}");
    let watch = Stopwatch::start();
    let outcome = work();
    let word = if outcome.is_ok() { "ok" } else { "FAILED" };
    eprintln!("== {name}: {word} in {:.1} s\n", watch.seconds());
    outcome
}

/// Prints an error and, below it, what caused it.
pub(crate) fn print_chain(error: &(dyn std::error::Error + 'static)) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
}

/// Measures how long a step took.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a chore tells a person how long it took"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

#[expect(
    clippy::print_stdout,
    reason = "what the watched program wrote to stdout belongs there"
)]
fn print_line(line: &str) {
    println!("{line}");
}

fn could_not_start(
    command: &Command,
    cause: &std::io::Error,
) -> Box<dyn std::error::Error + Send + Sync> {
    format!(
        "could not start `{}`: {cause}",
        command.get_program().display()
    )
    .into()
}

fn failed(
    command: &Command,
    status: std::process::ExitStatus,
) -> Box<dyn std::error::Error + Send + Sync> {
    format!("`{}` failed ({status})", line(command)).into()
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy()
            .into_owned(),
    ];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
