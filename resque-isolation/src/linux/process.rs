//! A process that was started for jobs, from the outside.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread;

use resque_core::worker::{ChildExit, ExitCause};
use rustix::process::{Pid, Signal, WaitOptions};
use wait4::Wait4;

use super::end::{self, End};

/// A process that leads a process group. Both are killed when this is dropped.
///
/// It is reaped here and nowhere else, and whatever is left of its group is killed right before:
/// until then its number cannot be another process'.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    end: End,
    /// Until it is reaped.
    child: Option<Child>,
}

impl Process {
    pub(super) fn new(child: Child) -> io::Result<Self> {
        Self::watched_by(child, end::descriptor)
    }

    fn watched_by(
        mut child: Child,
        descriptor: fn(Pid) -> io::Result<OwnedFd>,
    ) -> io::Result<Self> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("a process without a number"));
        let watched = pid.and_then(|pid| Ok((pid, End::of(pid, descriptor)?)));
        match watched {
            Ok((pid, end)) => Ok(Self {
                pid,
                end,
                child: Some(child),
            }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
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
        self.end.has_come(self.pid).await;
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
        if self.child.take().is_some() {
            let pid = self.pid;
            let reap = move || {
                let wait = || rustix::process::waitpid(Some(pid), WaitOptions::empty());
                let _ = rustix::io::retry_on_intr(wait);
            };
            // It dies in a moment, but nobody knows how long a moment is.
            if thread::Builder::new().spawn(reap).is_err() {
                // There are no more threads to be had.
                reap();
            }
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

    use futures::FutureExt;
    use tokio::time::timeout;

    use super::*;
    use crate::linux::starter::Starter;

    /// Nothing takes as long as this; what does hangs.
    const HANGS: Duration = Duration::from_secs(60);

    async fn shell(script: &str) -> Process {
        watched(script, end::descriptor).await
    }

    async fn watched(script: &str, descriptor: fn(Pid) -> io::Result<OwnedFd>) -> Process {
        let starter = Starter::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]).process_group(0);
        let child = starter.start(command).await.unwrap();
        Process::watched_by(child, descriptor).unwrap()
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
    async fn ends_are_heard_of_where_the_system_refuses_descriptors() {
        let refused = |_| Err(rustix::io::Errno::PERM.into());
        // Each hears of the ends of all, in whatever order they come.
        let mut processes = Vec::new();
        for status in 1..=3 {
            processes.push(watched(&format!("exit {status}"), refused).await);
        }
        let mut killed = watched("exec sleep 1000", refused).await;
        assert!(killed.ended().now_or_never().is_none());
        for (process, status) in processes.iter_mut().rev().zip([3, 2, 1]) {
            let exit = timeout(HANGS, process.ended()).await.unwrap();
            assert_eq!(exit.cause, ExitCause::Exited(status));
        }
        killed.kill();
        let exit = timeout(HANGS, killed.ended()).await.unwrap();
        assert_eq!(exit.cause, ExitCause::Signalled(9));
    }

    #[tokio::test]
    async fn what_is_killed_takes_its_group_along() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().display();
        let script = format!("sleep 1000 & echo $! > '{path}'; wait");
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
