//! A child that performs jobs one after the other, from the worker's side.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use futures::FutureExt;
use resque_core::worker::{ChildExit, CountedChild, Leash, Manner};
use resque_core::{Clock, JobContext, Performed, SystemClock};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;

use super::command;
use super::entry::SERVE;
use super::frame::{self, Reader};
use super::message::{JobHead, Told, VERSION};
use super::process::Process;
use super::starter::Starter;
use crate::processes::Settings;

/// A program that says nothing for so long is no child of ours.
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
        let told = tokio::select! {
            biased;
            frame = self.reader.next() => frame?,
            () = SystemClock::new().sleep(SILENCE) => None,
        };
        let broken = |what: String| NotStarted::Broken(io::Error::other(what));
        match told.as_deref().map(Told::read).transpose()? {
            Some(Told::Ready { version: VERSION }) => Ok(()),
            Some(Told::Ready { version }) => Err(broken(format!(
                "the child speaks version {version} of our language, not {VERSION}"
            ))),
            Some(Told::Refused { why }) => Err(NotStarted::Refused(why)),
            Some(other) => Err(broken(format!("the child began with {other:?}"))),
            None => {
                self.process.kill();
                let exit = self.process.ended().await;
                Err(broken(format!(
                    "the child was not ready for jobs; does its `main` begin with `child_entry`? ({exit})"
                )))
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
        let head = JobHead::of(job, fails_when_asked).to_bytes();
        let sent = match head {
            Ok(head) => frame::write(&mut self.writer, &head, job.payload().as_bytes()).await,
            Err(error) => Err(error),
        };
        if sent.is_err() {
            self.process.kill();
            return Handed::Unfit(self.process.ended().await);
        }
        let mut began = false;
        let (mut asked, mut killed) = (false, false);
        let exit = loop {
            tokio::select! {
                biased;
                frame = self.reader.next() => match told(frame) {
                    Some(told) => match hear(job, told, &mut began) {
                        Some(performed) => {
                            if asked {
                                // What was sent to it may reach it only in its next job.
                                self.jobs_left = 0;
                            }
                            return Handed::Performed(performed);
                        }
                        None => continue,
                    },
                    None => {
                        self.process.kill();
                        break self.process.ended().await;
                    }
                },
                exit = self.process.ended() => break exit,
                () = leash.kill().cancelled(), if !killed => {
                    self.process.kill();
                    killed = true;
                }
                () = leash.term().cancelled(), if !asked => {
                    self.process.term();
                    asked = true;
                }
            }
        };
        // What it said before it died counts.
        while let Some(frame) = self.reader.next().now_or_never() {
            let Some(told) = told(frame) else { break };
            if let Some(performed) = hear(job, told, &mut began) {
                self.jobs_left = 0;
                return Handed::Performed(performed);
            }
        }
        match began {
            true => {
                self.counted.died();
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
fn hear(job: &JobContext, told: Told, began: &mut bool) -> Option<Performed> {
    match told {
        Told::Began => *began = true,
        Told::Progress { done, total, text } => job.progress(done, total, text),
        Told::Ended(ended) => return Some(ended.into()),
        Told::Ready { .. } | Told::Refused { .. } => {}
    }
    None
}
