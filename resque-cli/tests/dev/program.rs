//! The real program, with its lines as they come.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use resque_testserver::poll_until;

/// How long a line may take to come. A machine that builds something at the same time leaves a program
/// next to nothing for a minute.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running `resque dev`.
pub(crate) struct Dev {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

/// What is left of it.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

/// The program with these arguments, untouched by the environment of the tests.
pub(crate) fn resque(args: &[&str]) -> Command {
    // Without `RUST_BACKTRACE` too: to name the frames of each failure takes a debug build long, and for
    // ever on a busy machine.
    let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_resque"));
    command.args(args).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Dev {
    /// Starts `resque dev` with these arguments.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = resque(&[&["dev"], args].concat())
            .spawn()
            .expect("the program starts");
        let (told, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line with all these parts, one of those that nobody has waited for yet.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, parts: &[&str]) -> String {
        loop {
            let line = self.next(&[parts]);
            if has(&line, parts) {
                return line;
            }
        }
    }

    /// Waits for such lines in any order.
    #[track_caller]
    pub(crate) fn wait_for_all(&mut self, wanted: &[&[&str]]) {
        let mut wanted = wanted.to_vec();
        while !wanted.is_empty() {
            let line = self.next(&wanted);
            if let Some(place) = wanted.iter().position(|parts| has(&line, parts)) {
                wanted.remove(place);
            }
        }
    }

    /// The next line; without one, tells what the program is doing.
    #[track_caller]
    fn next(&mut self, wanted: &[&[&str]]) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push(line.clone());
                line
            }
            Err(why) => {
                let ended = self.child.try_wait();
                let threads = threads(self.child.id());
                let seen = self.seen.join("\n");
                panic!(
                    "no line with {wanted:?}: {why}, {ended:?}, {threads:?}; there were:\n{seen}"
                )
            }
        }
    }

    /// Reads no more.
    pub(crate) fn hang_up(&mut self) {
        self.lines = channel().1;
    }

    /// Types, whether or not anybody reads it: what has ended already tells why.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.input.as_mut().expect("the input is open");
        if let Err(error) = input.write_all(bytes.as_ref()) {
            assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        resque_testserver::signal(self.child.id(), name).expect("the program runs");
    }

    /// Closes the input and waits for the end.
    pub(crate) fn end_of_input(mut self) -> Ended {
        self.input = None;
        self.end()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        let status = poll_until(PATIENCE, || self.child.try_wait().ok().flatten());
        let status = status.expect("it ends");
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        stderr.read_to_string(&mut errors).expect("errors are text");
        Ended {
            status,
            lines: std::mem::take(&mut self.seen),
            errors,
        }
    }
}

fn has(line: &str, parts: &[&str]) -> bool {
    parts.iter().all(|part| line.contains(part))
}

/// The threads of a process, each with its name, state, and where it waits in the kernel, if anybody may
/// know.
fn threads(pid: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let told = |task: std::path::PathBuf| {
        let read = |file| std::fs::read_to_string(task.join(file)).unwrap_or_default();
        let state = read("stat");
        let state = state
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split(' ').nth(1));
        let name = read("comm");
        format!(
            "{} {} {}",
            name.trim(),
            state.unwrap_or_default(),
            read("wchan")
        )
    };
    let tasks = tasks.into_iter().flatten().flatten();
    tasks.map(|task| told(task.path())).collect()
}

impl Drop for Dev {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The lines with this word, without their times.
    pub(crate) fn lines_of(&self, word: &str) -> Vec<&str> {
        let rests = self.lines.iter().map(|line| line.get(11..).unwrap_or(""));
        rests
            .filter(|line| line.split(' ').next() == Some(word))
            .collect()
    }
}
