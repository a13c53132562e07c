//! A server that is a child of this process.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::guard::Guard;
use crate::{Error, Result, poll_until, scratch, untouched};

/// How long a server may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often another port is tried when somebody was quicker.
const PORT_ATTEMPTS: u32 = 5;

/// Ends the server in `$told` and removes its directory; the signal is `$1`, the directory `$2`.
const CLEAN_UP: &str = r#"
if [ -n "$told" ]; then
    kill -s CONT "$told"; kill -s "$1" "$told"
    tries=0
    while kill -0 "$told" && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -0 "$told" && kill -s KILL "$told"
fi
rm -rf -- "$2"
"#;

/// A temporary directory whose end is tied to that of this process.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    guard: Guard,
    end: &'static str,
}

impl Home {
    /// Creates the directory; `end` is the signal that ends the server that lives there.
    pub(crate) fn new(end: &'static str) -> Result<Self> {
        let path = scratch::directory()?;
        let guard = Guard::new(CLEAN_UP, &[OsStr::new(end), path.as_os_str()])?;
        Ok(Self { path, guard, end })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// The end of the server's log, for an error message.
    fn last_words(&self) -> String {
        last_lines(&fs::read(self.log()).unwrap_or_default())
    }
}

/// The end of a log that may hold anything.
pub(crate) fn last_lines(log: &[u8]) -> String {
    let text = String::from_utf8_lossy(log);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// The command line of a server.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Put before the program to drop to another user.
    pub(crate) prefix: Vec<String>,
}

impl Launch {
    pub(crate) fn command(&self) -> Command {
        let mut command = match self.prefix.split_first() {
            None => untouched::command(&self.program),
            Some((first, words)) => {
                let mut command = untouched::command(first);
                command.args(words).arg(&self.program);
                command
            }
        };
        command.args(&self.arguments);
        command
    }
}

/// A server of this machine.
#[derive(Debug)]
pub(crate) struct Local {
    launch: Launch,
    server: Option<Child>,
    // Last, because dropping it removes the directory.
    home: Home,
}

impl Local {
    /// Starts a server on a free port and waits until `ready` says so. `launch` makes the command line for a
    /// port and is asked again when somebody else took that port.
    pub(crate) fn start(
        home: Home,
        mut launch: impl FnMut(&Path, u16) -> Result<Launch>,
        ready: impl Fn(&Path, u16) -> bool,
    ) -> Result<(Self, u16)> {
        let port = scratch::free_port()?;
        let launched = launch(home.path(), port)?;
        let mut local = Self {
            launch: launched,
            server: None,
            home,
        };
        let mut port = port;
        for attempt in 1.. {
            match local.run(|home| ready(home, port)) {
                Ok(()) => break,
                Err(error) if attempt == PORT_ATTEMPTS || !local.lost_its_port() => {
                    return Err(error);
                }
                Err(_) => {
                    port = scratch::free_port()?;
                    local.launch = launch(local.home.path(), port)?;
                }
            }
        }
        Ok((local, port))
    }

    /// Starts the server where it was and waits until it is ready. Whoever looks for a free port may hold this
    /// one for a moment.
    pub(crate) fn run_again(&mut self, ready: impl Fn(&Path) -> bool) -> Result<()> {
        for _ in 1..PORT_ATTEMPTS {
            match self.run(&ready) {
                Err(_) if self.lost_its_port() => {}
                answer => return answer,
            }
        }
        self.run(&ready)
    }

    /// Starts the server with the command line it had and waits until it is ready.
    fn run(&mut self, ready: impl Fn(&Path) -> bool) -> Result<()> {
        let program = self.launch.program.display().to_string();
        let could_not = |cause| Error::caused_by(format!("could not start {program}"), cause);
        let log = File::create(self.home.log()).map_err(could_not)?;
        let server = self
            .launch
            .command()
            .current_dir(&self.home.path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(could_not)?)
            .stderr(log)
            .spawn()
            .map_err(could_not)?;
        self.home.guard.tell(&server.id().to_string())?;
        self.server = Some(server);

        let answer = poll_until(PATIENCE, || match self.has_ended() {
            true => Some(false),
            false => ready(&self.home.path).then_some(true),
        });
        if answer == Some(true) {
            return Ok(());
        }
        let what = if answer.is_none() {
            "does not answer"
        } else {
            "ended at once"
        };
        let last_words = self.home.last_words();
        self.end()?;
        Err(Error::new(format!(
            "{program} {what}; its last words:\n{last_words}"
        )))
    }

    /// Ends the server without a chance to say goodbye, and waits until it is gone.
    pub(crate) fn end(&mut self) -> Result<()> {
        let ended = self.has_ended();
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        if !ended {
            // A stopped process takes no other signal than KILL before it is let go on.
            for name in ["CONT", self.home.end] {
                signal(server.id(), name)?;
            }
        }
        server
            .wait()
            .map_err(|cause| Error::caused_by("could not wait for the server", cause))?;
        self.home.guard.tell("")
    }

    /// Sends a signal to the running server.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        match &self.server {
            Some(server) => signal(server.id(), name),
            None => Err(Error::new("the server is not running")),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.home.path
    }

    fn has_ended(&mut self) -> bool {
        match &mut self.server {
            Some(server) => server.try_wait().is_ok_and(|status| status.is_some()),
            None => true,
        }
    }

    fn lost_its_port(&self) -> bool {
        let words = self.home.last_words().to_lowercase();
        words.contains("address already in use") || words.contains("could not create any tcp/ip")
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // The guard tries again.
        let _ = self.end();
    }
}

/// Sends a signal by its name to a process, by the shell's own `kill`, which is there even where no such
/// program is.
///
/// # Errors
///
/// There is no such process, or it is none of ours.
pub fn signal(process: u32, name: &str) -> Result<()> {
    let status = Command::new("sh")
        .args([
            "-c",
            "kill -s \"$1\" \"$2\"",
            "sh",
            name,
            &process.to_string(),
        ])
        .stderr(Stdio::null())
        .status()
        .map_err(|cause| Error::caused_by("could not start `sh`", cause))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!(
            "could not send SIG{name} to process {process}"
        )))
    }
}
