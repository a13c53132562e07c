//! A program that is started for each job.

use std::collections::VecDeque;
use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use resque_core::worker::{
    ChildCount, ChildExit, CountedChild, ExitCause, Isolated, Isolation, Leash, Manner,
};
use resque_core::{Clock, Error, JobContext, JobFailure, Performed, Result, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

use super::command::{self, check, invalid};
use super::entry::BECOME;
use super::process::Process;
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

/// What programs are started with.
#[derive(Debug)]
pub(crate) struct Started {
    starter: Starter,
    children: ChildCount,
}

/// A program at work.
struct Running {
    counted: CountedChild,
    process: Process,
    input: pipe::Sender,
    errors: pipe::Receiver,
}

impl Exec {
    async fn start(&self, job: &JobContext) -> io::Result<Running> {
        let started = self.started.get();
        let started = started.ok_or_else(|| io::Error::other("the worker has not begun"))?;
        let mut command = command::again(self.shim.as_deref(), BECOME, self.limits);
        for variable in &self.withheld {
            command.env_remove(variable);
        }
        command
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
            counted: started.children.started(),
            process,
            input: pipe::Sender::from_owned_fd(OwnedFd::from(input))?,
            errors: pipe::Receiver::from_owned_fd(OwnedFd::from(errors))?,
        })
    }

    /// Starts the program, however long the system refuses; `None` once nobody wants it any more.
    ///
    /// # Errors
    ///
    /// What it is about this job that no process can ever be started for it.
    async fn persist(&self, job: &JobContext, leash: &Leash) -> io::Result<Option<Running>> {
        let mut wait = WAITS.0;
        loop {
            if leash.kill().is_cancelled() || leash.term().is_cancelled() {
                return Ok(None);
            }
            match self.start(job).await {
                Ok(running) => return Ok(Some(running)),
                Err(error) if is_about_the_job(&error) => return Err(error),
                Err(error) => tracing::error!(%error, "could not start a process for a job"),
            }
            tokio::select! {
                () = SystemClock::new().sleep(wait) => {}
                () = leash.kill().cancelled() => {}
                () = leash.term().cancelled() => {}
            }
            wait = (wait * 2).min(WAITS.1);
        }
    }
}

#[async_trait]
impl Isolation for Exec {
    async fn open(&self, _slots: usize, manner: Manner) -> Result<()> {
        check(self.shim.as_deref())?;
        if !is_there(&self.program) {
            let reason = format!("there is no program {}", self.program.display());
            return Err(invalid(&reason));
        }
        let starter = Starter::new();
        let cannot = |error| Error::unavailable("start programs for jobs", error);
        let _ = self.started.set(Started {
            starter: starter.map_err(cannot)?,
            children: manner.children,
        });
        Ok(())
    }

    async fn perform(&self, job: &JobContext, leash: &Leash) -> Isolated {
        let Running {
            counted: _counted,
            mut process,
            mut input,
            errors,
        } = match self.persist(job, leash).await {
            Ok(Some(running)) => running,
            Ok(None) => return Isolated::NotStarted,
            Err(error) => {
                let text = format!("the program cannot be started for this job: {error}");
                return Isolated::Failed(JobFailure::new(FAILED, text));
            }
        };
        let payload = job.payload().clone();
        // A program may end without having read all of it, or any.
        let feeding = tokio::spawn(async move {
            let _ = input.write_all(payload.as_bytes()).await;
        });
        let mut words = LastWords::default();
        let (exit, asked) = {
            let mut listening = std::pin::pin!(words.listen(errors));
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
                tokio::select! {
                    () = &mut listening => {}
                    () = SystemClock::new().sleep(ECHO) => {}
                }
            }
            (exit, asked)
        };
        feeding.abort();
        end(exit, asked, words)
    }

    async fn close(&self) {}
}

/// Whether a process could not be started because of what it is told about its job: a class with a
/// null character, or one that is longer than a variable can be.
fn is_about_the_job(error: &io::Error) -> bool {
    use io::ErrorKind::{ArgumentListTooLong, InvalidInput};
    matches!(error.kind(), ArgumentListTooLong | InvalidInput)
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
}

impl LastWords {
    /// Listens until everybody has fallen silent; each line goes into the log too.
    async fn listen(&mut self, errors: pipe::Receiver) {
        let mut errors = BufReader::new(errors);
        let mut line = Vec::new();
        loop {
            // A line without end must not fill the memory.
            let mut part = (&mut errors).take(LAST_WORDS as u64);
            match part.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
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
    if program.components().count() > 1 {
        return program.is_file();
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_words_are_kept() {
        let mut words = LastWords::default();
        words.add(b"first");
        words.add(&vec![b'x'; LAST_WORDS]);
        let text = words.into_text();
        assert!(text.starts_with('…') && !text.contains("first"));
        assert_eq!(text.len(), LAST_WORDS + '…'.len_utf8());
    }

    #[test]
    fn the_end_of_a_program_is_the_end_of_its_job() {
        let words = |text: &str| {
            let mut words = LastWords::default();
            words.add(text.as_bytes());
            words
        };
        let exited = |status| ChildExit::new(7, ExitCause::Exited(status));
        let done = end(exited(0), false, words("warning"));
        assert_eq!(done, Isolated::Performed(Performed::Done));
        let failed =
            |error: &str| Isolated::Failed(JobFailure::new("Resque::ProgramFailed", error));
        assert_eq!(end(exited(1), false, words("no disk\n")), failed("no disk"));
        let unknown = ChildExit::new(7, ExitCause::Unknown);
        assert_eq!(end(unknown, false, words("")), Isolated::Died(unknown));
        let silent = failed("the program ended with exit status 2");
        assert_eq!(end(exited(2), false, words("")), silent);
        assert_eq!(end(exited(143), false, words("x")), failed("x"));
        assert_eq!(
            end(exited(143), true, words("x")),
            Isolated::Died(exited(143))
        );
    }

    #[test]
    fn programs_are_found_by_path_and_by_name() {
        assert!(is_there(Path::new("/bin/sh")) && is_there(Path::new("sh")));
        assert!(!is_there(Path::new("/bin/no-such")) && !is_there(Path::new("no-such-program")));
    }
}
