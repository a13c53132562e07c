//! A program that is started for each job.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use resque_core::worker::{
    ChildCount, ChildExit, CountedChild, ExitCause, Isolated, Isolation, Leash, Manner,
};
use resque_core::{Clock, Error, JobContext, JobFailure, Performed, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio_util::sync::CancellationToken;

use super::command::{self, can_be_executed, check, invalid, no_program};
use super::entry::BECOME;
use super::process::Process;
use super::sign::{Becoming, Refusal, Sign, is_about_the_job};
use super::starter::Starter;
use crate::Exec;

/// The exception of a job whose program failed.
const FAILED: &str = "Resque::ProgramFailed";

/// How much of what a program says is kept: its last words.
const LAST_WORDS: usize = 16 << 10;

/// How long what a program left behind may go on talking after its end.
const ECHO: Duration = Duration::from_millis(500);

/// The exit status of a program that obeyed TERM, as shells tell it.
const TERMINATED: i32 = 128 + 15;

/// How long nobody tries to start a program after the system has refused, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Where the system looks for programs without a `PATH`.
const USUAL_FOLDERS: &str = "/bin:/usr/bin";

/// What programs are started with.
#[derive(Debug)]
pub(crate) struct Started {
    starter: Starter,
    children: ChildCount,
}

/// A program at work.
struct Running {
    /// What its process says before it becomes the program.
    sign: Sign,
    counted: CountedChild,
    process: Process,
    input: pipe::Sender,
    errors: pipe::Receiver,
}

impl Exec {
    async fn start(&self, job: &JobContext) -> io::Result<Running> {
        let started = self.started.get();
        let started = started.ok_or_else(|| io::Error::other("the worker has not begun"))?;
        let sign = Sign::new();
        let mut command = command::again(self.shim.as_deref(), BECOME, self.limits);
        for variable in &self.withheld {
            command.env_remove(variable);
        }
        command
            .arg(sign.as_argument())
            .arg(&self.program)
            .args(&self.arguments)
            .env("RESQUE_QUEUE", job.queue())
            .env("RESQUE_CLASS", job.class())
            .env("RESQUE_ATTEMPT", job.attempt().to_string())
            .env("RESQUE_WORKER", job.worker().map_or("", |id| id.as_str()))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = started.starter.start(command).await?;
        let (input, errors) = (child.stdin.take(), child.stderr.take());
        let process = Process::new(child)?;
        let (Some(input), Some(errors)) = (input, errors) else {
            return Err(io::Error::other("the program has no pipes"));
        };
        Ok(Running {
            sign,
            counted: started.children.started(),
            process,
            input: pipe::Sender::from_owned_fd(OwnedFd::from(input))?,
            errors: pipe::Receiver::from_owned_fd(OwnedFd::from(errors))?,
        })
    }

    /// Starts the program for a job once and waits for its end.
    ///
    /// # Errors
    ///
    /// Why the program has not begun.
    async fn attempt(&self, job: &JobContext, leash: &Leash) -> Result<Isolated, Refusal> {
        let running = self.start(job).await.map_err(|error| Refusal {
            about_the_job: is_about_the_job(&error),
            text: error.to_string(),
        })?;
        running.end(job, leash).await
    }
}

impl Running {
    /// Gives the program its job and waits for its end.
    async fn end(self, job: &JobContext, leash: &Leash) -> Result<Isolated, Refusal> {
        let Self {
            sign,
            counted: _counted,
            mut process,
            mut input,
            errors,
        } = self;
        let payload = job.payload().clone();
        // A program may end without having read all of it, or any.
        let feeding = tokio::spawn(async move {
            let _ = input.write_all(payload.as_bytes()).await;
        });
        let mut words = LastWords::default();
        let (exit, asked) = {
            let heard = CancellationToken::new();
            let mut listening = std::pin::pin!(words.listen(errors, &sign, leash, &heard));
            let mut silent = false;
            let (mut asked, mut killed) = (false, false);
            let exit = loop {
                tokio::select! {
                    biased;
                    exit = process.ended() => break exit,
                    () = leash.kill().cancelled(), if !killed => {
                        process.kill();
                        killed = true;
                    }
                    () = leash.term().cancelled(), if !asked => {
                        process.term();
                        asked = true;
                    }
                    () = &mut listening, if !silent => silent = true,
                }
            };
            if !silent {
                let echo = async {
                    // What was told before the program was there is in the pipe, or nobody holds it.
                    heard.cancelled().await;
                    SystemClock::new().sleep(ECHO).await;
                };
                tokio::select! {
                    biased;
                    () = &mut listening => {}
                    () = echo => {}
                }
            }
            (exit, asked)
        };
        feeding.abort();
        match words.becoming.take() {
            Some(Becoming::Begins) => Ok(end(exit, asked, words)),
            Some(Becoming::Failed(refusal)) => Err(refusal),
            None => Err(Refusal {
                about_the_job: false,
                text: format!("the process ended before it became the program ({exit})"),
            }),
        }
    }
}

#[async_trait]
impl Isolation for Exec {
    async fn open(&self, _slots: usize, manner: Manner) -> resque_core::Result<()> {
        check(self.shim.as_deref())?;
        if !is_there(&self.program) {
            return Err(invalid(&no_program(&self.program)));
        }
        let starter = Starter::new();
        let cannot = |error| Error::unavailable("start programs for jobs", error);
        let _ = self.started.set(Started {
            starter: starter.map_err(cannot)?,
            children: manner.children,
        });
        Ok(())
    }

    /// Starts the program, however long that is not possible.
    async fn perform(&self, job: &JobContext, leash: &Leash) -> Isolated {
        let mut wait = WAITS.0;
        while !leash.is_pulled() {
            let refusal = match self.attempt(job, leash).await {
                Ok(isolated) => return isolated,
                Err(refusal) => refusal,
            };
            leash.has_not_begun();
            let Refusal {
                about_the_job,
                text,
            } = refusal;
            if about_the_job {
                let text = format!("the program cannot be started for this job: {text}");
                return Isolated::Failed(JobFailure::new(FAILED, text));
            }
            let program = self.program.display();
            tracing::error!(%program, why = text, "could not start the program for a job");
            tokio::select! {
                () = SystemClock::new().sleep(wait) => {}
                () = leash.kill().cancelled() => {}
                () = leash.term().cancelled() => {}
            }
            wait = (wait * 2).min(WAITS.1);
        }
        Isolated::NotStarted
    }

    async fn close(&self) {}
}

/// What the end of a program means for its job.
fn end(exit: ChildExit, asked: bool, words: LastWords) -> Isolated {
    match exit.cause {
        ExitCause::Exited(0) => Isolated::Performed(Performed::Done),
        ExitCause::Exited(TERMINATED) if asked => Isolated::Died(exit),
        ExitCause::Exited(status) => {
            let text = words.into_text();
            let error = match text.trim_end() {
                "" => format!("the program ended with exit status {status}"),
                text => text.to_owned(),
            };
            Isolated::Failed(JobFailure::new(FAILED, error))
        }
        ExitCause::Signalled(_) | ExitCause::Unknown => Isolated::Died(exit),
    }
}

/// The last of what a program says.
#[derive(Default)]
struct LastWords {
    bytes: VecDeque<u8>,
    cut: bool,
    /// What its process told last before it became the program.
    becoming: Option<Becoming>,
}

impl LastWords {
    /// Listens until everybody has fallen silent; each line goes into the log too.
    async fn listen(
        &mut self,
        errors: pipe::Receiver,
        sign: &Sign,
        leash: &Leash,
        heard: &CancellationToken,
    ) {
        let mut errors = BufReader::new(errors);
        let mut line = Vec::new();
        loop {
            // A line without end must not fill the memory.
            let mut part = (&mut errors).take(LAST_WORDS as u64);
            match part.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if let Some(told) = sign.read(&line) {
                if told == Becoming::Begins {
                    leash.begins();
                }
                self.becoming = Some(told);
                heard.cancel();
                line.clear();
                continue;
            }
            tracing::info!(target: "resque::exec", "{}", String::from_utf8_lossy(&line).trim_end());
            self.add(&line);
            line.clear();
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let surplus = self.bytes.len().saturating_sub(LAST_WORDS);
        self.cut |= surplus > 0;
        self.bytes.drain(..surplus);
    }

    fn into_text(self) -> String {
        let bytes = Vec::from(self.bytes);
        let text = String::from_utf8_lossy(&bytes);
        match self.cut {
            true => format!("…{text}"),
            false => text.into_owned(),
        }
    }
}

/// Whether a program can be found as a shell finds it.
fn is_there(program: &Path) -> bool {
    is_there_in(program, env::var_os("PATH"))
}

fn is_there_in(program: &Path, folders: Option<OsString>) -> bool {
    if program.components().count() > 1 {
        return can_be_executed(program);
    }
    let folders = folders.unwrap_or_else(|| USUAL_FOLDERS.into());
    env::split_paths(&folders).any(|folder| can_be_executed(&folder.join(program)))
}

#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
