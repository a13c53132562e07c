//! A process that was started for jobs, from the outside.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread;

use resque_core::worker::{ChildExit, ExitCause};
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use wait4::Wait4;

/// A process that leads a process group. Both are killed when this is dropped.
///
/// It is reaped here and nowhere else, and whatever is left of its group is killed right before:
/// until then its number cannot be another process'.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// Becomes readable when it has ended.
    exit: AsyncFd<OwnedFd>,
    /// Until it is reaped.
    child: Option<Child>,
}

impl Process {
    pub(super) fn new(mut child: Child) -> io::Result<Self> {
        match Self::watch(&child) {
            Ok((pid, exit)) => Ok(Self {
                pid,
                exit,
                child: Some(child),
            }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    fn watch(child: &Child) -> io::Result<(Pid, AsyncFd<OwnedFd>)> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("a process without a number"))?;
        let exit = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)
            .or_else(|_| rustix::process::pidfd_open(pid, PidfdFlags::empty()))?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, and an owned descriptor is all that one asks for"
        )]
        let exit = AsyncFd::with_interest(exit, Interest::READABLE)?;
        Ok((pid, exit))
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Asks it to end.
    pub(super) fn term(&self) {
        if self.child.is_some() {
            let _ = rustix::process::kill_process(self.pid, Signal::TERM);
        }
    }

    /// Kills it and its group.
    pub(super) fn kill(&self) {
        if self.child.is_some() {
            let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Waits for its end. It may be dropped while it waits and loses nothing, but is not to be
    /// called again once it has answered.
    pub(super) async fn ended(&mut self) -> ChildExit {
        // The descriptor is good as long as the process is; whatever goes wrong, `wait4` tells.
        let _ = self.exit.readable().await;
        self.kill();
        match self.child.take().map(|mut child| child.wait4()) {
            Some(Ok(end)) => exit_of(self.id(), end.status, end.rusage.maxrss),
            _ => ChildExit::new(self.id(), ExitCause::Unknown),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut child) = self.child.take() {
            // It dies in a moment, but nobody knows how long a moment is.
            thread::spawn(move || child.wait());
        }
    }
}

fn exit_of(pid: u32, status: ExitStatus, peak: u64) -> ChildExit {
    let cause = match (status.code(), status.signal()) {
        (Some(code), _) => ExitCause::Exited(code),
        (None, signal) => ExitCause::Signalled(signal.unwrap_or_default()),
    };
    // A process begins with the peak of the one that started it; up to there nothing is known.
    let known = own_peak().is_none_or(|own| peak > own);
    ChildExit::new(pid, cause).with_peak_memory(known.then_some(peak))
}

/// The most memory that this process had in use, in bytes.
fn own_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::Duration;

    use rustix::process::WaitOptions;
    use tokio::time::timeout;

    use super::*;
    use crate::linux::starter::Starter;

    /// Nothing takes as long as this; what does hangs.
    const HANGS: Duration = Duration::from_secs(60);

    async fn shell(script: &str) -> Process {
        let starter = Starter::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]).process_group(0);
        Process::new(starter.start(command).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn an_exit_and_a_signal_are_told_apart() {
        let mut process = shell("exit 3").await;
        let exit = process.ended().await;
        assert_eq!((exit.pid, exit.cause), (process.id(), ExitCause::Exited(3)));
        let exit = shell("kill -s SEGV $$").await.ended().await;
        assert_eq!(exit.cause, ExitCause::Signalled(11));
    }

    #[tokio::test]
    async fn what_is_killed_takes_its_group_along() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().display();
        let script = format!("sleep 1000 & echo $! > {path}; wait");
        let mut process = shell(&script).await;
        let born = async {
            loop {
                let text = std::fs::read_to_string(file.path()).unwrap();
                match text.trim().parse::<u32>() {
                    Ok(pid) => break pid,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let grandchild = timeout(HANGS, born).await.unwrap();
        process.kill();
        assert_eq!(process.ended().await.cause, ExitCause::Signalled(9));
        // Somebody has to reap it; until then it is there, but dead.
        let state = || std::fs::read_to_string(format!("/proc/{grandchild}/stat"));
        let dead = async {
            while state().is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X ")) {
                tokio::task::yield_now().await;
            }
        };
        timeout(HANGS, dead).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_guesses_how_a_process_ended_that_somebody_else_has_reaped() {
        let mut process = shell("exit 0").await;
        let reaped = rustix::process::waitpid(Some(process.pid), WaitOptions::empty());
        assert!(reaped.unwrap().is_some());
        assert_eq!(process.ended().await.cause, ExitCause::Unknown);
    }

    #[test]
    fn this_process_has_a_peak() {
        assert!(own_peak().unwrap() > 100_000);
    }
}
