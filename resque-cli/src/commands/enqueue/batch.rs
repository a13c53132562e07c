//! Many jobs from a file, a thousand in one round trip.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use resque::{Enqueued, NewJob, QueueName};
use serde::Serialize;

use super::input::{Lines, Next};
use super::line;
use crate::commands::serving::asked_to_stop;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, Progress, count};

/// How many jobs go in one round trip.
const CHUNK: usize = 1_000;
/// How many bytes of lines go in one round trip, so that long ones fill neither our memory nor the
/// store's.
const CHUNK_BYTES: usize = 8 << 20;
/// How long the input may pause before what has come so far goes in.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is told how far a batch has come, where there is no terminal.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A batch to be enqueued.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) file: PathBuf,
    pub(super) from_line: u64,
    pub(super) queue: Option<QueueName>,
    pub(super) check: bool,
}

/// What became of a batch.
#[derive(Debug, Default, Serialize)]
struct Done {
    /// How many jobs the store has taken.
    enqueued: u64,
    /// How many were refused by a hook.
    refused: u64,
    /// How many are unique and were there already.
    duplicates: u64,
    /// How many lines are no job.
    bad: u64,
    /// The last line that was read.
    lines: u64,
    #[serde(skip)]
    check: bool,
}

/// A batch under way.
struct Run<'a> {
    batch: &'a Batch,
    store: &'a Store,
    lines: Lines,
    done: Done,
    progress: Progress,
    /// Ends when somebody wants the command to end.
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// When it was last told how far it has come, on the monotonic clock.
    told: Duration,
}

/// What goes in one round trip.
struct Chunk {
    jobs: Vec<NewJob>,
    /// The line that it begins with.
    first: u64,
    then: Then,
}

/// What comes behind a chunk.
enum Then {
    More,
    End,
    Broken(std::io::Error),
}

impl Batch {
    pub(super) async fn run(self, store: &Store) -> Result<(), Failure> {
        let mut run = Run {
            batch: &self,
            store,
            lines: Lines::open(&self.file)?,
            done: Done {
                check: self.check,
                ..Done::default()
            },
            progress: store.out.progress(None, "enqueueing"),
            stop: Box::pin(asked_to_stop()?),
            told: store.client.clock().monotonic(),
        };
        let all = run.all().await;
        let Run {
            mut done, lines, ..
        } = run;
        all?;
        done.lines = lines.number();
        store.out.answer(&done)?;
        match done.bad {
            0 => Ok(()),
            bad => Err(Failure::Undone(format!("{} no job; see above", are(bad)))),
        }
    }
}

impl Run<'_> {
    /// Puts in everything up to the end.
    async fn all(&mut self) -> Result<(), Failure> {
        loop {
            let chunk = self.collect().await?;
            if !chunk.jobs.is_empty() {
                self.put_in(chunk.jobs, chunk.first).await?;
            }
            match chunk.then {
                Then::More => self.tell(),
                Then::End => return Ok(()),
                Then::Broken(source) => {
                    let file = self.batch.file.display();
                    let on = self.goes_on(self.next_line());
                    return Err(Failure::io(format!("read on in {file} ({on})"), source));
                }
            }
        }
    }

    /// Reads jobs until a round trip is full, the input pauses, or there are no more.
    async fn collect(&mut self) -> Result<Chunk, Failure> {
        let first = self.next_line();
        let mut jobs = Vec::with_capacity(CHUNK);
        let mut bytes = 0;
        let mut then = Then::More;
        while jobs.len() < CHUNK && bytes < CHUNK_BYTES {
            match self.next(jobs.is_empty(), first).await? {
                None => break,
                Some(Next::End) => then = Then::End,
                Some(Next::Broken(error)) => then = Then::Broken(error),
                Some(Next::Line) => {
                    bytes += self.lines.text().len();
                    jobs.extend(self.read());
                    continue;
                }
            }
            break;
        }
        Ok(Chunk { jobs, first, then })
    }

    /// What is read next; nothing when the input pauses, unless there is nothing to do meanwhile.
    async fn next(&mut self, waits: bool, first: u64) -> Result<Option<Next>, Failure> {
        // Usually there is something, and then neither a timer is set nor a signal looked for.
        if let Some(next) = self.lines.next().now_or_never() {
            return next.map(Some);
        }
        let pause: BoxFuture<'_, ()> = if waits {
            Box::pin(std::future::pending())
        } else {
            self.store.client.clock().sleep(PAUSE)
        };
        tokio::select! {
            biased;
            () = &mut self.stop => {
                let on = self.goes_on(first);
                Err(Failure::Undone(format!("interrupted; {on}")))
            }
            next = self.lines.next() => next.map(Some),
            () = pause => Ok(None),
        }
    }

    /// The job of the line that was read, if it is one and its turn has come.
    fn read(&mut self) -> Option<NewJob> {
        let number = self.lines.number();
        if number < self.batch.from_line {
            return None;
        }
        match line::read(self.lines.text(), self.batch.queue.as_ref()) {
            Ok(job) => job,
            Err(wrong) => {
                self.done.bad += 1;
                self.progress.note(&format!("line {number}: {wrong}"));
                None
            }
        }
    }

    /// Puts jobs into the store, the first of them from this line.
    async fn put_in(&mut self, jobs: Vec<NewJob>, first: u64) -> Result<(), Failure> {
        let number = jobs.len() as u64;
        self.progress.add(number);
        if self.batch.check {
            self.done.enqueued += number;
            return Ok(());
        }
        let submitted = self.store.client.submit_all(jobs);
        tokio::pin!(submitted);
        let (outcomes, interrupted) = tokio::select! {
            biased;
            outcomes = &mut submitted => (outcomes, false),
            () = &mut self.stop => {
                self.progress.note("stopping after this round trip; once more stops at once");
                tokio::select! {
                    biased;
                    outcomes = &mut submitted => (outcomes, true),
                    () = asked_to_stop()? => {
                        let unknown = self.unknown(first);
                        return Err(Failure::Undone(format!("interrupted; {unknown}")));
                    }
                }
            }
        };
        let outcomes = outcomes.map_err(|error| self.stopped(error, first))?;
        for outcome in outcomes {
            match outcome {
                Enqueued::Duplicate => self.done.duplicates += 1,
                taken if taken.is_taken() => self.done.enqueued += 1,
                _ => self.done.refused += 1,
            }
        }
        if interrupted {
            let on = self.goes_on(self.next_line());
            return Err(Failure::Undone(format!("interrupted; {on}")));
        }
        Ok(())
    }

    /// Tells how far it has come: whoever kills this outright goes on behind the last line told.
    fn tell(&mut self) {
        let done = format!("line {} done", self.lines.number());
        let now = self.store.client.clock().monotonic();
        if !self.progress.is_hidden() {
            self.progress.say(done);
        } else if now.saturating_sub(self.told) >= TELL_EVERY {
            self.told = now;
            self.progress.note(&done);
        }
    }

    /// The first line that is still to be done.
    fn next_line(&self) -> u64 {
        self.batch.from_line.max(self.lines.number() + 1)
    }

    /// Why the store ended the batch half-way, and how to go on.
    fn stopped(&self, error: resque::Error, first: u64) -> Failure {
        let done = match error {
            resque::Error::OutcomeUnknown { .. } => self.unknown(first),
            _ => self.goes_on(first),
        };
        Failure::Stopped {
            done,
            source: error,
        }
    }

    fn goes_on(&self, line: u64) -> String {
        format!("{}; go on with --from-line {line}", self.done.so_far())
    }

    /// How to go on when nobody knows whether the lines from this one on are done.
    fn unknown(&self, first: u64) -> String {
        let last = self.lines.number();
        format!(
            "{}; whether lines {first} to {last} were is not known: look, then go on with \
             --from-line {first} or --from-line {}",
            self.done.so_far(),
            last + 1
        )
    }
}

impl Done {
    fn so_far(&self) -> String {
        let verb = if self.check { "in order" } else { "enqueued" };
        format!("{} {verb}", count(self.enqueued, "job"))
    }
}

fn are(lines: u64) -> String {
    match lines {
        1 => "1 line is".to_owned(),
        _ => format!("{lines} lines are"),
    }
}

impl Answer for Done {
    fn text(&self) -> String {
        let mut text = self.so_far();
        if self.refused > 0 {
            text.push_str(&format!(", {} refused by a hook", self.refused));
        }
        if self.duplicates > 0 {
            text.push_str(&format!(", {} there already", self.duplicates));
        }
        if self.bad > 0 {
            text.push_str(&format!(", {} left out", count(self.bad, "line")));
        }
        text.push('\n');
        text
    }
}
