//! The end of a process that performed a job.

use std::fmt;
use std::time::SystemTime;

use crate::JobFailure;
use crate::wire::extra::Death;

/// How the process of a job ended before it said how the job did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildExit {
    /// Its process id.
    pub pid: u32,
    /// What ended it.
    pub cause: ExitCause,
    /// The most memory it had in use, in bytes, where that is known.
    pub peak_memory: Option<u64>,
}

/// What ended a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCause {
    /// It ended by itself with this status.
    Exited(i32),
    /// A signal of this number.
    Signalled(i32),
    /// It has ended, and the system does not tell how.
    Unknown,
}

impl ChildExit {
    /// A process that ended like this.
    #[must_use]
    pub fn new(pid: u32, cause: ExitCause) -> Self {
        Self {
            pid,
            cause,
            peak_memory: None,
        }
    }

    /// The same, with the most memory it had in use.
    #[must_use]
    pub fn with_peak_memory(mut self, bytes: Option<u64>) -> Self {
        self.peak_memory = bytes;
        self
    }

    /// The account of it for the history of its job.
    #[must_use]
    pub fn account(&self, at: SystemTime, host: &str) -> Death {
        let mut death = Death::new(at, host);
        death.pid = Some(self.pid);
        match self.cause {
            ExitCause::Exited(status) => death.status = Some(status),
            ExitCause::Signalled(number) => death.signal = Some(number),
            ExitCause::Unknown => {}
        }
        death.memory = self.peak_memory;
        death
    }

    /// What is recorded of its job: for a signal Resque's own text, and the like for an exit, of
    /// which Resque records nothing.
    #[must_use]
    pub fn failure(&self) -> JobFailure {
        let text = match self.cause {
            ExitCause::Signalled(_) => format!("Child process received unhandled signal {self}"),
            ExitCause::Exited(_) | ExitCause::Unknown => {
                format!("Child process ended before its job did: {self}")
            }
        };
        JobFailure::new("Resque::DirtyExit", text)
    }
}

/// As Ruby shows the status of a process.
impl fmt::Display for ChildExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pid = self.pid;
        match self.cause {
            ExitCause::Exited(status) => write!(f, "pid {pid} exit {status}"),
            ExitCause::Unknown => write!(f, "pid {pid} exit unknown"),
            ExitCause::Signalled(number) => match name(number) {
                Some(name) => write!(f, "pid {pid} SIG{name} (signal {number})"),
                None => write!(f, "pid {pid} signal {number}"),
            },
        }
    }
}

/// The names of the signals that have one number on all common systems, and of Linux's others.
fn name(number: i32) -> Option<&'static str> {
    let name = match number {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        4 => "ILL",
        5 => "TRAP",
        6 => "ABRT",
        7 => "BUS",
        8 => "FPE",
        9 => "KILL",
        10 => "USR1",
        11 => "SEGV",
        12 => "USR2",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        16 => "STKFLT",
        24 => "XCPU",
        25 => "XFSZ",
        26 => "VTALRM",
        27 => "PROF",
        29 => "IO",
        30 => "PWR",
        31 => "SYS",
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_recorded_in_resques_words() {
        let failure = ChildExit::new(27284, ExitCause::Signalled(9)).failure();
        assert_eq!(failure.exception, "Resque::DirtyExit");
        assert_eq!(
            failure.error,
            "Child process received unhandled signal pid 27284 SIGKILL (signal 9)"
        );
        let unnamed = ChildExit::new(1, ExitCause::Signalled(34)).to_string();
        assert_eq!(unnamed, "pid 1 signal 34");
    }

    #[test]
    fn the_account_tells_all_there_is() {
        let exit = ChildExit::new(7, ExitCause::Signalled(11)).with_peak_memory(Some(4096));
        let account = exit.account(SystemTime::UNIX_EPOCH, "web1");
        assert_eq!((account.pid, account.signal), (Some(7), Some(11)));
        assert_eq!((account.status, account.memory), (None, Some(4096)));
        assert_eq!(account.host, "web1");
        let exit = ChildExit::new(7, ExitCause::Exited(3));
        assert_eq!(exit.account(SystemTime::UNIX_EPOCH, "").status, Some(3));
    }

    #[test]
    fn an_exit_is_recorded_too() {
        let failure = ChildExit::new(7, ExitCause::Exited(1)).failure();
        assert_eq!(
            (failure.exception.as_str(), failure.error.as_str()),
            (
                "Resque::DirtyExit",
                "Child process ended before its job did: pid 7 exit 1"
            )
        );
    }

    #[test]
    fn an_end_that_nobody_knows_is_a_failure_all_the_same() {
        let exit = ChildExit::new(7, ExitCause::Unknown);
        let failure = exit.failure();
        assert_eq!(
            (failure.exception.as_str(), failure.error.as_str()),
            (
                "Resque::DirtyExit",
                "Child process ended before its job did: pid 7 exit unknown"
            )
        );
        let account = exit.account(SystemTime::UNIX_EPOCH, "");
        assert_eq!((account.status, account.signal), (None, None));
    }
}
