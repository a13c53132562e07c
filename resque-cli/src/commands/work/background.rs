//! Leaving the terminal.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Tells a process that it was started to leave the terminal: the session of whoever started it. What
/// jobs start later is in another session, and is not meant.
pub(super) const DETACHED: &str = "RESQUE_DETACHED";

/// Leaves the terminal, if this process was started to; answers whether it was.
pub(super) fn leave_terminal() -> Result<bool, Failure> {
    if std::env::var(DETACHED).ok() != session() {
        return Ok(false);
    }
    match rustix::process::setsid() {
        // Already at the head of a session, which is what is wanted.
        Ok(_) | Err(rustix::io::Errno::PERM) => Ok(true),
        Err(error) => Err(Failure::io("leave the terminal", error.into())),
    }
}

/// Starts this program once more, to leave the terminal.
///
/// It keeps its working directory, and files that its output goes to; all other output is lost.
pub(super) fn detach() -> Result<(), Failure> {
    let cannot = |source| Failure::io("start a process in the background", source);
    let program = std::env::current_exe().map_err(cannot)?;
    Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(DETACHED, session().unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(file_or_nothing(&io::stdout()))
        .stderr(file_or_nothing(&io::stderr()))
        .spawn()
        .map(drop)
        .map_err(cannot)
}

/// The session of this process.
fn session() -> Option<String> {
    let session = rustix::process::getsid(None).ok()?;
    Some(session.as_raw_nonzero().to_string())
}

fn file_or_nothing(output: &impl AsFd) -> Stdio {
    let copy = output.as_fd().try_clone_to_owned().map(File::from);
    let is_file = |file: &File| file.metadata().is_ok_and(|about| about.is_file());
    match copy {
        Ok(file) if is_file(&file) => file.into(),
        _ => Stdio::null(),
    }
}
