//! Programs that know nothing of the environment that tests run in.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// What is no setting: where programs, their libraries and temporary files are, and where a build that
/// measures itself writes.
const KEPT: [&str; 6] = [
    "PATH",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "LLVM_PROFILE_FILE",
];

/// Makes a command whose program finds no setting of whoever runs the tests: no `QUEUE`, `RESQUE_URL` or
/// `PGOPTIONS`, no language, time zone or proxy, no files in a home directory.
///
/// ```
/// let output = resque_testserver::command("env").env("QUEUE", "mail").output()?;
/// let variables = String::from_utf8_lossy(&output.stdout);
/// assert!(variables.contains("QUEUE=mail") && !variables.contains("HOME="));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    let kept = KEPT.into_iter();
    command.envs(kept.filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_finds_only_what_is_no_setting() {
        let output = command("env").env("QUEUE", "mail").output().unwrap();
        let variables = String::from_utf8(output.stdout).unwrap();
        let names = variables.lines().filter_map(|line| line.split_once('='));
        let unknown: Vec<_> = names
            .filter(|(name, _)| !KEPT.contains(name) && *name != "QUEUE")
            .collect();
        assert_eq!(unknown, []);
        assert!(variables.contains("QUEUE=mail\n"), "{variables}");
    }
}
