//! A child that performs jobs one after the other, from the worker's side.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use futures::FutureExt;
use resque_core::worker::{ChildExit, CountedChild, Leash, Manner};
use resque_core::{Clock, JobContext, Performed, SystemClock};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;

use super::command;
use super::entry::SERVE;
use super::frame::{self, Reader};
use super::message::{JobHead, Judged, Told, VERSION};
use super::process::Process;
use super::starter::Starter;
use crate::processes::Settings;

/// How long a child may take to get ready, and to take a job. A program that says nothing for so
/// long is no child of ours.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a child that is no longer needed has to leave.
const LEAVING: Duration = Duration::from_secs(5);

/// A child that is ready for jobs.
#[derive(Debug)]
pub(super) struct WarmChild {
    process: Process,
    reader: Reader,
    writer: OwnedWriteHalf,
    /// How many jobs it may perform yet.
    jobs_left: u32,
    counted: CountedChild,
}

/// Why a child could not be started.
#[derive(Debug)]
pub(super) enum NotStarted {
    /// The system refused, or what was started is no child.
    Broken(io::Error),
    /// The child says that it cannot perform jobs now.
    Refused(String),
}

impl std::fmt::Display for NotStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(error) => error.fmt(f),
            Self::Refused(why) => write!(f, "the child could not get ready: {why}"),
        }
    }
}

fn broken(what: String) -> NotStarted {
    NotStarted::Broken(io::Error::other(what))
}

/// A process that said for long that it is not ready.
fn silent(is_ours: bool) -> NotStarted {
    match is_ours {
        // It may connect to something that is away.
        true => NotStarted::Refused(format!("it was not ready for jobs within {SILENCE:?}")),
        false => broken(format!(
            "the process did not say within {SILENCE:?} that it is a child; does its `main` begin with `child_entry`?"
        )),
    }
}

/// A process that ended before it was ready.
fn gone(is_ours: bool, exit: ChildExit) -> NotStarted {
    broken(match is_ours {
        true => format!("the child ended before it was ready for jobs ({exit})"),
        false => format!(
            "the process ended without having said that it is a child; does its `main` begin with `child_entry`? ({exit})"
        ),
    })
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// What came of handing a job to a child.
#[derive(Debug)]
pub(super) enum Handed {
    /// The child tells how the job ended.
    Performed(Performed),
    /// The child began the job and ended before it could tell.
    Died(ChildExit),
    /// The child ended before it took the job.
    Unfit(ChildExit),
}

impl WarmChild {
    /// Starts a child and waits until it is ready.
    pub(super) async fn start(
        starter: &Starter,
        settings: &Settings,
        manner: &Manner,
    ) -> Result<Self, NotStarted> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = command::again(settings.program.as_deref(), SERVE, settings.limits);
        command.args(manner.title_prefix.as_deref());
        command.stdin(OwnedFd::from(theirs));
        for variable in &settings.withheld {
            command.env_remove(variable);
        }
        let variables = settings.environment.iter();
        command.envs(variables.map(|(name, value)| (name, value)));
        let process = Process::new(starter.start(command).await?)?;
        let (reader, writer) = UnixStream::from_std(ours)?.into_split();
        let mut child = Self {
            process,
            reader: Reader::new(reader),
            writer,
            jobs_left: settings.jobs_per_child,
            counted: manner.children.started(),
        };
        let told = serde_json::to_vec(&settings.told).map_err(io::Error::from)?;
        // If it cannot be told, it says why, or its end does.
        let _ = frame::write(&mut child.writer, &told, b"").await;
        child.hear_it_is_ready().await?;
        Ok(child)
    }

    async fn hear_it_is_ready(&mut self) -> Result<(), NotStarted> {
        let mut silence = SystemClock::new().sleep(SILENCE);
        let mut is_ours = false;
        loop {
            let told = tokio::select! {
                biased;
                frame = self.reader.next() => frame?,
                () = &mut silence => {
                    self.process.kill();
                    return Err(silent(is_ours));
                }
            };
            match told.as_deref().map(Told::read).transpose()? {
                Some(Told::Here { version: VERSION }) => is_ours = true,
                Some(Told::Here { version }) => {
                    return Err(broken(format!(
                        "the child speaks version {version} of our language, not {VERSION}"
                    )));
                }
                Some(Told::Ready) => return Ok(()),
                Some(Told::Refused { why }) => return Err(NotStarted::Refused(why)),
                Some(other) => return Err(broken(format!("the child began with {other:?}"))),
                None => {
                    self.process.kill();
                    return Err(gone(is_ours, self.process.ended().await));
                }
            }
        }
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it is busy with the last job it performs.
    pub(super) fn is_at_its_last(&self) -> bool {
        self.jobs_left <= 1
    }

    /// Whether it may perform another job.
    pub(super) fn may_go_on(&self) -> bool {
        self.jobs_left > 0
    }

    /// Lets it perform a job.
    pub(super) async fn perform(
        &mut self,
        job: &JobContext,
        leash: &Leash,
        fails_when_asked: bool,
    ) -> Handed {
        self.jobs_left -= 1;
        let Self {
            process,
            reader,
            writer,
            jobs_left,
            counted,
        } = self;
        let head = JobHead::of(job, fails_when_asked).to_bytes();
        let frame = head.and_then(|head| frame::of(&head, job.payload().as_bytes()));
        let Ok(mut outgoing) = frame else {
            process.kill();
            return Handed::Unfit(process.ended().await);
        };
        let mut silence = SystemClock::new().sleep(SILENCE);
        let mut began = false;
        let (mut asked, mut killed) = (false, false);
        let exit = loop {
            tokio::select! {
                biased;
                frame = reader.next() => match told(frame) {
                    Some(Told::Fails(failure)) => {
                        let judged = Judged(leash.judge(failure)).to_bytes();
                        match judged.and_then(|judged| frame::of(&judged, b"")) {
                            Ok(frame) => outgoing.unsplit(frame),
                            Err(_) => process.kill(),
                        }
                    }
                    Some(told) => match hear(job, leash, told, &mut began) {
                        Some(performed) => {
                            if asked {
                                // What was sent to it may reach it only in its next job.
                                *jobs_left = 0;
                            }
                            return Handed::Performed(performed);
                        }
                        None => continue,
                    },
                    None => {
                        process.kill();
                        break process.ended().await;
                    }
                },
                exit = process.ended() => break exit,
                () = leash.kill().cancelled(), if !killed => {
                    process.kill();
                    killed = true;
                }
                () = leash.term().cancelled(), if !asked => {
                    process.term();
                    asked = true;
                }
                written = writer.write_buf(&mut outgoing), if !outgoing.is_empty() => {
                    if written.is_err() {
                        outgoing.clear();
                        process.kill();
                    }
                }
                () = &mut silence, if !began && !killed => {
                    tracing::error!(pid = process.id(), "a child does not take its job and is killed");
                    process.kill();
                    killed = true;
                }
            }
        };
        // What it said before it died counts.
        while let Some(frame) = reader.next().now_or_never() {
            let Some(told) = told(frame) else { break };
            if let Some(performed) = hear(job, leash, told, &mut began) {
                *jobs_left = 0;
                return Handed::Performed(performed);
            }
        }
        match began {
            true => {
                counted.died();
                Handed::Died(exit)
            }
            false => Handed::Unfit(exit),
        }
    }

    /// Lets it go: it leaves by itself when nobody talks to it any more.
    pub(super) async fn retire(self) {
        let Self {
            mut process,
            reader,
            writer,
            ..
        } = self;
        drop((reader, writer));
        tokio::select! {
            _ = process.ended() => {}
            () = SystemClock::new().sleep(LEAVING) => {
                tracing::warn!(pid = process.id(), "a child does not leave by itself and is killed");
            }
        }
    }
}

fn told(frame: io::Result<Option<bytes::Bytes>>) -> Option<Told> {
    Told::read(&frame.ok()??).ok()
}

/// Takes what a child told; answers how the job ended once it has.
fn hear(job: &JobContext, leash: &Leash, told: Told, began: &mut bool) -> Option<Performed> {
    match told {
        Told::Began => {
            *began = true;
            leash.begins();
        }
        Told::Progress { done, total, text } => job.progress(done, total, text),
        Told::Ended(ended) => return Some(ended.into()),
        Told::Here { .. } | Told::Ready | Told::Refused { .. } | Told::Fails(_) => {}
    }
    None
}

#[cfg(test)]
mod tests {
    use resque_core::worker::ExitCause;
    use resque_core::{Attempt, Client, Handlers, Payload, Performer};
    use resque_memory::MemoryBackend;

    use super::*;
    use crate::Processes;

    /// Says that it is a child and ready, and never reads a job.
    const DEAF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deaf-child.sh");

    #[tokio::test]
    async fn a_child_that_does_not_read_its_job_can_be_killed() {
        let starter = Starter::new().unwrap();
        let settings = Processes::new().program(DEAF).settings;
        let child = WarmChild::start(&starter, &settings, &Manner::default()).await;
        let mut child = child.unwrap_or_else(|error| panic!("{error}"));
        let client = Client::new(MemoryBackend::new().backend());
        // More than a socket holds.
        let payload = format!(r#"{{"class":"A","args":["{}"]}}"#, "x".repeat(1 << 22));
        let attempt = Attempt::new(None, Payload::from(payload));
        let job = Performer::new(Handlers::new(), client).prepare(attempt);
        let leash = Leash::default();
        leash.kill().cancel();
        let handed = tokio::time::timeout(2 * SILENCE, child.perform(&job, &leash, false)).await;
        let Ok(Handed::Unfit(exit)) = handed else {
            panic!("{handed:?}")
        };
        assert_eq!(exit.cause, ExitCause::Signalled(9));
    }

    #[test]
    fn only_a_process_that_is_no_child_keeps_a_worker_from_starting() {
        let exit = ChildExit::new(7, ExitCause::Exited(0));
        assert!(matches!(silent(true), NotStarted::Refused(_)));
        for broken in [silent(false), gone(false, exit)] {
            let text = broken.to_string();
            assert!(matches!(broken, NotStarted::Broken(_)) && text.contains("child_entry"));
        }
        let text = gone(true, exit).to_string();
        assert!(text.ends_with("(pid 7 exit 0)") && !text.contains("child_entry"));
    }
}
