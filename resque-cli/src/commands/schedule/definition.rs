//! A schedule as flags tell it, or many as a file does.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use resque::{CatchUp, QueueName, Schedule};

use crate::commands::enqueue::arguments;
use crate::failure::Failure;
use crate::times;

/// A schedule as flags tell it, or many as a file does.
#[derive(Debug, Args)]
pub(super) struct Definition {
    /// Its name
    #[arg(
        value_name = "NAME",
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    name: Option<String>,

    /// A file in resque-scheduler's layout, instead of everything else
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["cron", "every", "class", "queue", "args", "off"])]
    file: Option<PathBuf>,

    /// When it runs, as a cron expression: '0 3 * * 1-5 Europe/Berlin'
    #[arg(long, value_name = "LINE", required_unless_present_any = ["every", "file"])]
    #[arg(conflicts_with = "every")]
    cron: Option<String>,

    /// When it runs, as an interval: 90s, 15m, 1h30m, 7d
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    every: Option<Duration>,

    /// The class of its job
    #[arg(long, value_name = "CLASS", required_unless_present = "file")]
    class: Option<String>,

    /// The queue of its job
    #[arg(long, short, value_name = "QUEUE", required_unless_present = "file")]
    queue: Option<QueueName>,

    /// The arguments of its job, each JSON or text as for `enqueue`
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    args: Vec<String>,

    /// Take all arguments as text
    #[arg(long)]
    strings: bool,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// How much later than its time it may run, so that many do not run at once
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    jitter: Option<Duration>,

    /// What becomes of missed runs: skip, last, or how many run late [default: last]
    #[arg(long, value_name = "RUNS", value_parser = catch_up)]
    catch_up: Option<CatchUp>,

    /// Switched off
    #[arg(long)]
    off: bool,
}

fn catch_up(text: &str) -> Result<CatchUp, String> {
    match text {
        "skip" | "0" => Ok(CatchUp::Skip),
        "last" => Ok(CatchUp::Last),
        number => match number.parse() {
            Ok(number) if number <= 10_000 => Ok(CatchUp::UpTo(number)),
            _ => Err("say skip, last, or a number up to 10000".to_owned()),
        },
    }
}

impl Definition {
    /// The schedules.
    pub(super) fn read(self) -> Result<Vec<Schedule>, Failure> {
        if let Some(file) = &self.file {
            return Ok(Schedule::load(file)?);
        }
        let missing = || Failure::setting("NAME", "name the schedule, its class and its queue");
        let (Some(name), Some(class), Some(queue)) = (&self.name, &self.class, &self.queue) else {
            return Err(missing());
        };
        let args = arguments(&self.args, self.strings)?;
        let mut schedule = Schedule::raw(name, class, &args)?.queue(queue.as_str())?;
        schedule = match (&self.cron, self.every) {
            (Some(line), _) => schedule.cron(line)?,
            (None, Some(interval)) => schedule.every(interval)?,
            (None, None) => return Err(missing()),
        };
        if let Some(text) = self.description {
            schedule = schedule.description(text);
        }
        if let Some(jitter) = self.jitter {
            schedule = schedule.jitter(jitter);
        }
        if let Some(catch_up) = self.catch_up {
            schedule = schedule.catch_up(catch_up);
        }
        Ok(vec![schedule.enabled(!self.off).shared_with_ruby(true)])
    }
}
