//! Programs that a test starts, talks to and kills.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::guard::Guard;
use crate::local::signal;
use crate::{Error, Result};

/// A program that is a child of this process and speaks in lines on its standard input and output.
///
/// It is killed when this value is dropped or the test process ends, however that happens.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    guard: Guard,
}

impl Program {
    /// Starts a program and reads what it says, so that it never waits for the test.
    ///
    /// # Errors
    ///
    /// It could not be started.
    pub fn start(command: Command) -> Result<Self> {
        let mut program = Self::start_unread(command)?;
        let (sender, lines) = channel();
        if let Some(output) = program.child.stdout.take() {
            thread::spawn(move || {
                let lines = BufReader::new(output).lines();
                // Whatever is no text is the end, as is a test that has gone.
                lines
                    .map_while(std::result::Result::ok)
                    .all(|line| sender.send(line).is_ok())
            });
        }
        program.lines = lines;
        Ok(program)
    }

    /// Starts a program that nobody listens to: it comes to a halt as soon as it has said more than
    /// a pipe holds, 64 KiB on Linux.
    ///
    /// # Errors
    ///
    /// It could not be started.
    pub fn start_unread(mut command: Command) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|cause| Error::caused_by(format!("could not start {name}"), cause))?;
        let id = child.id().to_string();
        let guard = Guard::new(
            "[ -z \"$told\" ] && kill -s KILL \"$1\"",
            &[OsStr::new(&id)],
        )?;
        Ok(Self {
            name,
            input: child.stdin.take(),
            child,
            lines: channel().1,
            guard,
        })
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line.
    ///
    /// # Errors
    ///
    /// It did not come within `limit`, or the program has ended.
    pub fn line(&self, limit: Duration) -> Result<String> {
        self.lines
            .recv_timeout(limit)
            .map_err(|cause| Error::caused_by(format!("{} said nothing", self.name), cause))
    }

    /// Says a line.
    ///
    /// # Errors
    ///
    /// The program has ended.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let told = match &mut self.input {
            Some(input) => writeln!(input, "{line}"),
            None => Ok(()),
        };
        told.map_err(|cause| Error::caused_by(format!("{} does not listen", self.name), cause))
    }

    /// Sends a signal by its name: `TERM`, `STOP`, …
    ///
    /// # Errors
    ///
    /// The program has ended.
    pub fn signal(&self, name: &str) -> Result<()> {
        signal(self.id(), name)
    }

    /// Ends the program without a chance to say goodbye, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn kill(&mut self) -> Result<()> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed
            .map(drop)
            .map_err(|cause| Error::caused_by(format!("could not kill {}", self.name), cause))
    }

    /// Waits until the program has ended by itself, and answers whether it ended well.
    ///
    /// # Errors
    ///
    /// It did not end within `limit`.
    pub fn end(&mut self, limit: Duration) -> Result<bool> {
        let ended = crate::poll_until(limit, || self.child.try_wait().ok().flatten());
        ended
            .map(|status| status.success())
            .ok_or_else(|| Error::new(format!("{} does not end", self.name)))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.kill();
        // Its id may be another process' from now on.
        let _ = self.guard.tell("gone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_answers_and_ends() {
        let script =
            "while read -r line; do echo \"you said $line\"; [ \"$line\" = bye ] && exit; done";
        let mut program = Program::start(shell(script)).unwrap();
        program.say("hello").unwrap();
        assert_eq!(program.line(LIMIT).unwrap(), "you said hello");
        program.say("bye").unwrap();
        assert!(program.end(LIMIT).unwrap());
        assert_eq!(program.line(LIMIT).unwrap(), "you said bye");
        assert!(program.line(LIMIT).is_err());
    }

    #[test]
    fn a_program_is_killed() {
        let mut program = Program::start(shell("echo here; read -r line")).unwrap();
        assert_eq!(program.line(LIMIT).unwrap(), "here");
        program.kill().unwrap();
        assert!(!program.end(LIMIT).unwrap());
        assert!(program.line(LIMIT).is_err());
    }

    #[test]
    fn what_nobody_reads_brings_a_program_to_a_halt() {
        let file = crate::scratch::directory().unwrap().join("done");
        let script = format!("yes | head -c 200000; touch '{}'", file.display());
        let mut program = Program::start_unread(shell(&script)).unwrap();
        assert!(program.end(Duration::from_millis(200)).is_err());
        drop(program);
        assert!(!file.exists());
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}
