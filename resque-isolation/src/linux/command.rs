//! How this program starts itself again.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use resque_core::{Error, Result};
use rustix::fs::{Access, access};

use super::entry;
use crate::Limits;

/// The program that runs, whatever became of its file meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Room for the titles that a child gives itself: they go where its arguments stand.
const ROOM_FOR_TITLES: usize = 160;

/// The command that starts this program again, or the one that stands in for it, in a process group
/// of its own.
pub(super) fn again(stand_in: Option<&Path>, duty: &str, limits: Limits) -> Command {
    let mut command = Command::new(stand_in.unwrap_or(Path::new(THIS_PROGRAM)));
    command
        .arg0(format!("{:ROOM_FOR_TITLES$}", "resque: Starting"))
        .arg(duty)
        .arg(std::process::id().to_string())
        .arg(limits.to_argument())
        .process_group(0);
    command
}

/// Refuses a program that would take itself for a worker when it is started as a child.
///
/// # Errors
///
/// [`Error::InvalidSetting`] if `main` has not called [`child_entry`](crate::child_entry).
pub(super) fn check(stand_in: Option<&Path>) -> Result<()> {
    match stand_in {
        Some(path) => match can_be_executed(path) {
            true => Ok(()),
            false => Err(invalid(&no_program(path))),
        },
        None if !entry::was_called() => Err(invalid(
            "this program could not serve as a child; call `child_entry` at the beginning of `main`",
        )),
        None => can_be_found(Path::new(THIS_PROGRAM)),
    }
}

/// Without it nothing would be wrong with this program but that no child of it starts.
fn can_be_found(this_program: &Path) -> Result<()> {
    match this_program.exists() {
        true => Ok(()),
        false => Err(invalid(&format!(
            "this program cannot start itself again without {}; mount /proc",
            this_program.display()
        ))),
    }
}

/// Whether this is a file that this process may execute.
pub(super) fn can_be_executed(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

/// What is wrong with a path at which there is nothing to execute.
pub(super) fn no_program(path: &Path) -> String {
    match path.is_file() {
        true => format!("{} cannot be executed", path.display()),
        false => format!("there is no program {}", path.display()),
    }
}

pub(super) fn invalid(reason: &str) -> Error {
    Error::InvalidSetting {
        setting: "isolation".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_proc_is_told() {
        assert!(can_be_found(Path::new(THIS_PROGRAM)).is_ok());
        let error = can_be_found(Path::new("/nowhere/self/exe")).unwrap_err();
        assert!(error.to_string().ends_with("mount /proc"), "{error}");
    }
}
