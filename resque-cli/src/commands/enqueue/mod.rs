//! `resque enqueue`: puts jobs into queues.

mod batch;
mod input;
mod line;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use resque::{Enqueued, NewJob, QueueName};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::context::Store;
use crate::failure::Failure;
use crate::output::Answer;
use crate::times;

/// Put a job into a queue, or many from a file
///
/// Each argument is JSON if it reads as JSON, else text: `enqueue Archive 44 main -q files` makes
/// `{"class":"Archive","args":[44,"main"]}`. Put `--` before arguments that begin with a dash.
///
/// A file for `--batch` has one job a line: {"class":"Archive","args":[44],"queue":"files"}, with
/// "at" (a time, or seconds since 1970) for a delayed one. Lines that are no job are told with
/// their number and left out; then the exit code is 1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct EnqueueJobs {
    /// The class of the job
    #[arg(
        value_name = "CLASS",
        required_unless_present = "batch",
        conflicts_with = "batch"
    )]
    class: Option<String>,

    /// Its arguments
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    args: Vec<String>,

    /// The queue it goes to; for a batch, the one of lines that name none
    #[arg(long, short, value_name = "QUEUE", required_unless_present = "batch")]
    queue: Option<QueueName>,

    /// Not before this time: 2026-11-20T23:00:25Z
    #[arg(long, value_name = "TIME", value_parser = times::time)]
    #[arg(conflicts_with_all = ["after", "batch"])]
    at: Option<SystemTime>,

    /// Not before so long from now: 90s, 15m, 1h30m, 7d
    #[arg(long = "in", id = "after", value_name = "DURATION", value_parser = times::duration)]
    #[arg(conflicts_with = "batch")]
    after: Option<Duration>,

    /// How long each attempt may run, whatever its class and its worker say: 30s
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    #[arg(conflicts_with = "batch")]
    timeout: Option<Duration>,

    /// Take all arguments as text
    #[arg(long, conflicts_with = "batch")]
    strings: bool,

    /// A file with one job a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,

    /// Begin the batch with this line, the first being 1
    #[arg(long, value_name = "N", default_value_t = 1, requires = "batch")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    from_line: u64,

    /// Only read the batch and tell what is wrong with it
    #[arg(long, requires = "batch")]
    check: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    /// Whether it was taken; a hook may have refused it, or it is unique and there already.
    enqueued: bool,
    queue: String,
    class: String,
    /// The length of the queue with this job, if it went there at once.
    length: Option<u64>,
    /// Until when it waits, if it is delayed.
    due: Option<String>,
}

impl EnqueueJobs {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        if let Some(file) = self.batch {
            let batch = batch::Batch {
                file,
                from_line: self.from_line,
                queue: self.queue,
                check: self.check,
            };
            return batch.run(store).await;
        }
        let (class, queue) = match (self.class, self.queue) {
            (Some(class), Some(queue)) => (class, queue),
            _ => return Err(Failure::setting("CLASS", "name a class and a queue")),
        };
        let args = arguments(&self.args, self.strings)?;
        let mut job = NewJob::raw(class.clone(), &args).to(queue.as_str());
        if let Some(at) = self.at {
            job = job.at(at);
        }
        if let Some(after) = self.after {
            job = job.after(after);
        }
        if let Some(timeout) = self.timeout {
            job = job.timeout(timeout);
        }
        let outcome = store.client.submit(job).await?;
        let (length, due) = match outcome {
            Enqueued::Queued { length } => (Some(length), None),
            Enqueued::Delayed { due } => (None, Some(due)),
            _ => (None, None),
        };
        let done = Done {
            enqueued: outcome.is_taken(),
            queue: queue.to_string(),
            class,
            length,
            due: due.map(times::stamp),
        };
        store.out.answer(&done)?;
        refused(&outcome)
    }
}

/// Why a job was not taken, if that is so.
pub(super) fn refused(outcome: &Enqueued) -> Result<(), Failure> {
    let why = match outcome {
        taken if taken.is_taken() => return Ok(()),
        Enqueued::Duplicate => "the job is unique, and one like it is there already",
        _ => "a before_enqueue hook refused the job",
    };
    Err(Failure::Undone(why.to_owned()))
}

impl Answer for Done {
    fn text(&self) -> String {
        let Self { class, queue, .. } = self;
        match (&self.length, &self.due) {
            (Some(length), _) => format!("{class} is in {queue}, which holds {length}\n"),
            (_, Some(due)) => format!("{class} waits for {queue} until {due}\n"),
            _ => String::new(),
        }
    }
}

/// The arguments as a list: each is JSON if it reads as JSON, else text.
pub(super) fn arguments(args: &[String], strings: bool) -> Result<Vec<Box<RawValue>>, Failure> {
    let raw = |arg: &String| {
        // The exact text of a number is kept, whatever its size.
        let json = RawValue::from_string(arg.trim().to_owned()).ok();
        let json = json.filter(|_| !strings);
        match json {
            Some(json) => Ok(json),
            None => serde_json::value::to_raw_value(arg),
        }
    };
    let all: Result<_, _> = args.iter().map(raw).collect();
    all.map_err(|error| Failure::setting("ARGS", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(args: &[&str], strings: bool) -> String {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        serde_json::to_string(&arguments(&args, strings).unwrap()).unwrap()
    }

    #[test]
    fn arguments_are_json_if_they_read_as_json() {
        let args = [
            "44",
            "main",
            "{\"a\": 1}",
            "123456789012345678901234567890",
            "\"7\"",
            "",
            "1 2",
        ];
        assert_eq!(
            list(&args, false),
            r#"[44,"main",{"a": 1},123456789012345678901234567890,"7","","1 2"]"#
        );
        assert_eq!(list(&["44", "null"], true), r#"["44","null"]"#);
    }
}
