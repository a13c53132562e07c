//! How the end of a process is heard of.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the end of a process is heard of.
#[derive(Debug)]
pub(super) enum End {
    /// By a descriptor of it, which becomes readable.
    Descriptor(AsyncFd<OwnedFd>),
    /// By the signal that tells of the ends of all: filters of system calls in containers may refuse
    /// descriptors.
    Signal(Signal),
}

/// A descriptor of a process.
pub(super) fn descriptor(pid: Pid) -> io::Result<OwnedFd> {
    let opened = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)
        .or_else(|_| rustix::process::pidfd_open(pid, PidfdFlags::empty()))?;
    Ok(opened)
}

impl End {
    /// The end of a child of this process that nobody has reaped; `descriptor` opens one of it.
    pub(super) fn of(pid: Pid, descriptor: fn(Pid) -> io::Result<OwnedFd>) -> io::Result<Self> {
        match descriptor(pid).and_then(readable) {
            Ok(descriptor) => Ok(Self::Descriptor(descriptor)),
            Err(error) => {
                tracing::debug!(%error, "no descriptor of a process");
                Ok(Self::Signal(signal(SignalKind::child())?))
            }
        }
    }

    /// Waits for it. This may be dropped while it waits and loses nothing.
    pub(super) async fn has_come(&mut self, pid: Pid) {
        match self {
            // It is good as long as the process is; whatever goes wrong, reaping tells.
            Self::Descriptor(descriptor) => {
                let _ = descriptor.readable().await;
            }
            Self::Signal(ends) => {
                // What came since the signal is listened to is not lost, so the question is first.
                while is_running(pid) && ends.recv().await.is_some() {}
            }
        }
    }
}

fn readable(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    #[expect(
        deprecated,
        reason = "its successor is unsafe, and an owned descriptor is all that one asks for"
    )]
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

/// Whether a child has not ended yet; it stays as it is.
fn is_running(pid: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let looked = rustix::process::waitid(WaitId::Pid(pid), look);
    matches!(looked, Ok(None) | Err(Errno::INTR))
}
