//! Leaving the terminal.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::parent_id;
use std::process::{Command, Stdio};

use super::probes;
use crate::failure::Failure;

/// Tells a process that it was started to leave the terminal, and which process waits until it has.
/// What jobs start has another parent, and is not meant.
pub(super) const DETACHED: &str = "RESQUE_DETACHED";

/// Leaves the terminal, if this process was started to; answers whether it was.
pub(super) fn leave_terminal() -> Result<bool, Failure> {
    let starter = std::env::var(DETACHED).ok();
    if starter.and_then(|pid| pid.parse().ok()) != Some(parent_id()) {
        return Ok(false);
    }
    let cannot = |source| Failure::io("leave the terminal", source);
    match rustix::process::setsid() {
        // Already at the head of a session, which is what is wanted.
        Ok(_) | Err(rustix::io::Errno::PERM) => {}
        Err(error) => return Err(cannot(error.into())),
    }
    // Its end is what whoever started this process waits for.
    drop(probes::take_stdin().map_err(cannot)?);
    Ok(true)
}

/// Starts this program once more, to leave the terminal, and waits until it has.
///
/// It keeps its working directory, and files that its output goes to; all other output is lost.
pub(super) fn detach() -> Result<(), Failure> {
    let cannot = |source| Failure::io("start a process in the background", source);
    let program = std::env::current_exe().map_err(cannot)?;
    let (mut left, leaving) = io::pipe().map_err(cannot)?;
    Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(DETACHED, std::process::id().to_string())
        .stdin(leaving)
        .stdout(file_or_nothing(&io::stdout()))
        .stderr(file_or_nothing(&io::stderr()))
        .spawn()
        .map_err(cannot)?;
    // Until it has left it knows what it was started for by its parent: the end of the pipe says so.
    io::copy(&mut left, &mut io::sink()).map_err(cannot)?;
    Ok(())
}

fn file_or_nothing(output: &impl AsFd) -> Stdio {
    let copy = output.as_fd().try_clone_to_owned().map(File::from);
    let is_file = |file: &File| file.metadata().is_ok_and(|about| about.is_file());
    match copy {
        Ok(file) if is_file(&file) => file.into(),
        _ => Stdio::null(),
    }
}
