//! Many jobs from a file, a thousand in one round trip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use resque::{Enqueued, NewJob, QueueName};
use serde::Serialize;

use super::line;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, Progress, count};

/// How many jobs go in one round trip.
const CHUNK: usize = 1_000;
/// How many bytes of lines go in one round trip, so that long ones fill neither our memory nor the
/// store's.
const CHUNK_BYTES: usize = 8 << 20;
/// The longest line that is read; Redis takes no longer text anyway.
const LONGEST: u64 = 512 * 1024 * 1024;

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

impl Batch {
    pub(super) async fn run(self, store: &Store) -> Result<(), Failure> {
        let mut lines = Lines::open(&self.file)?;
        let progress = store.out.progress(None, "enqueueing");
        let mut done = Done {
            check: self.check,
            ..Done::default()
        };
        loop {
            let first = self.from_line.max(lines.number + 1);
            let jobs = self.chunk(&mut lines, &mut done, &progress)?;
            if jobs.is_empty() {
                break;
            }
            let number = jobs.len() as u64;
            if self.check {
                done.enqueued += number;
            } else {
                let outcomes = store.client.submit_all(jobs).await;
                let outcomes =
                    outcomes.map_err(|error| stopped(error, &done, first, lines.number))?;
                for outcome in outcomes {
                    match outcome {
                        Enqueued::Duplicate => done.duplicates += 1,
                        taken if taken.is_taken() => done.enqueued += 1,
                        _ => done.refused += 1,
                    }
                }
            }
            progress.add(number);
            progress.say(format!("line {} done", lines.number));
        }
        drop(progress);
        done.lines = lines.number;
        store.out.answer(&done)?;
        match done.bad {
            0 => Ok(()),
            bad => Err(Failure::Undone(format!("{} no job; see above", are(bad)))),
        }
    }

    /// Reads the jobs of the next round trip.
    fn chunk(
        &self,
        lines: &mut Lines,
        done: &mut Done,
        progress: &Progress,
    ) -> Result<Vec<NewJob>, Failure> {
        let mut jobs = Vec::with_capacity(CHUNK);
        let mut bytes = 0;
        while jobs.len() < CHUNK && bytes < CHUNK_BYTES && lines.next()? {
            if lines.number < self.from_line {
                continue;
            }
            bytes += lines.text.len();
            match line::read(&lines.text, self.queue.as_ref()) {
                Ok(job) => jobs.extend(job),
                Err(wrong) => {
                    done.bad += 1;
                    progress.note(&format!("line {}: {wrong}", lines.number));
                }
            }
        }
        Ok(jobs)
    }
}

/// Why a batch ended half-way, and how to go on.
fn stopped(error: resque::Error, done: &Done, first: u64, last: u64) -> Failure {
    let before = count(done.enqueued, "job");
    let done = match error {
        resque::Error::OutcomeUnknown { .. } => format!(
            "{before} enqueued; whether lines {first} to {last} were is not known: look, then go on \
             with --from-line {first} or --from-line {}",
            last + 1
        ),
        _ => format!("{before} enqueued; go on with --from-line {first}"),
    };
    Failure::Stopped {
        done,
        source: error,
    }
}

fn are(lines: u64) -> String {
    match lines {
        1 => "1 line is".to_owned(),
        _ => format!("{lines} lines are"),
    }
}

/// A file, line by line, whatever bytes it has.
struct Lines {
    input: Box<dyn BufRead + Send>,
    path: PathBuf,
    text: Vec<u8>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Failure> {
        let input: Box<dyn BufRead + Send> = if path.as_os_str() == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let opened = File::open(path);
            let file =
                opened.map_err(|source| Failure::io(format!("open {}", path.display()), source))?;
            Box::new(BufReader::with_capacity(1 << 16, file))
        };
        Ok(Self {
            input,
            path: path.to_owned(),
            text: Vec::new(),
            number: 0,
        })
    }

    /// Reads the next line into `text`; answers whether there was one.
    fn next(&mut self) -> Result<bool, Failure> {
        self.text.clear();
        let mut limited = (&mut self.input).take(LONGEST);
        let read = limited.read_until(b'\n', &mut self.text);
        let read =
            read.map_err(|source| Failure::io(format!("read {}", self.path.display()), source))?;
        self.number += u64::from(read > 0);
        Ok(read > 0)
    }
}

impl Answer for Done {
    fn text(&self) -> String {
        let verb = if self.check { "in order" } else { "enqueued" };
        let mut text = format!("{} {verb}", count(self.enqueued, "job"));
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
