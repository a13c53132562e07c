//! Cleaning up after a test process that may be killed at any moment.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::{Error, Result};

/// A shell that waits for the end of this process and then runs a script.
///
/// It reads lines from a pipe whose other end only this process holds, so the pipe closes however the
/// process ends. (A parent-death signal would not do: it comes when the *thread* that started the child
/// ends, and each test has a thread of its own.) It is in a process group of its own, so that Ctrl-C
/// leaves it alone to do its work.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts the shell. `script` finds the last line that was told in `$told` and `arguments` in `$1`, ….
    pub(crate) fn new(script: &str, arguments: &[&OsStr]) -> Result<Self> {
        let script = format!("while read -r line; do told=$line; done\n{script}");
        let mut shell = Command::new("sh")
            .args(["-c", &script, "resque-test-guard"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|cause| Error::caused_by("could not start `sh`", cause))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// Replaces the line that the script will find in `$told`.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(());
        };
        writeln!(pipe, "{line}")
            .map_err(|cause| Error::caused_by("the cleaning shell is gone", cause))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The shell ends by itself; waiting makes sure that everything is gone when this returns.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scratch;

    #[test]
    fn the_script_runs_when_the_pipe_closes_and_finds_what_was_told_last() {
        let file = scratch::directory().unwrap().join("note");
        let mut guard = Guard::new("printf %s \"$told\" >\"$1\"", &[file.as_os_str()]).unwrap();
        guard.tell("first").unwrap();
        guard.tell("second").unwrap();
        assert!(!file.exists());
        drop(guard);
        assert_eq!(fs::read_to_string(&file).unwrap(), "second");
        fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}
