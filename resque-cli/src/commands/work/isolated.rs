//! Jobs in processes of their own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use resque::isolation::{self, Child, Exec, Limits, Processes};
use resque::worker::WorkerBuilder;
use resque::{Handlers, WorkerHooks};

use super::INTERNAL;
use crate::context::connect;
use crate::failure::{Failure, chain};
use crate::log;
use crate::options::Global;
use crate::place::Place;
use crate::times;

/// Under what a child is told its store; its arguments can be read by everybody on the machine, and
/// its environment by whatever its jobs start.
const STORE: &str = "store";
/// Under what it is told how to log.
const LOG: &str = "log";

/// How jobs are kept apart from the worker.
#[derive(Debug, Args)]
pub(crate) struct Isolated {
    /// Where jobs run: in this process, or in children, which may crash, leak and block
    #[arg(long, value_name = "HOW", value_enum, default_value_t = How::None)]
    isolation: How,

    /// How many jobs a child performs before a fresh one takes its place
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    jobs_per_child: u32,

    /// How much address space a child or program may have: 512M, 2G
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory_limit: Option<u64>,

    /// How much time of the processor a job may use in a child or program
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    cpu_limit: Option<Duration>,

    /// Start this program for each job, with the payload as JSON on its standard input: exit code 0
    /// is success, else its standard error is the error
    #[arg(long, value_name = "PROGRAM", conflicts_with = "isolation")]
    exec: Option<PathBuf>,

    /// The arguments of that program, behind `--`
    #[arg(last = true, value_name = "ARGS", requires = "exec")]
    exec_args: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    /// As tasks of this process
    None,
    /// In children of this program that wait warm for the next job; Linux only
    Process,
}

/// Reads `4096`, `512M`, `2G`.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "write it in bytes, or as 512M or 2G".to_owned();
    let text = text.trim();
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: u64 = number.trim().parse().map_err(|_| wrong())?;
    number
        .checked_mul(unit)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(wrong)
}

impl Isolated {
    /// Whether a program performs the jobs, whatever their classes are.
    pub(super) fn is_program(&self) -> bool {
        self.exec.is_some()
    }

    /// Lets a worker perform its jobs so.
    pub(super) fn apply(
        &self,
        builder: WorkerBuilder,
        place: &Place,
        global: &Global,
    ) -> WorkerBuilder {
        if let Some(program) = &self.exec {
            let exec = Exec::new(program).limits(self.limits());
            let exec = INTERNAL.into_iter().fold(exec, Exec::env_remove);
            return builder.isolation(self.exec_args.iter().fold(exec, Exec::argument));
        }
        if self.isolation == How::None {
            return builder;
        }
        let children = Processes::new()
            .jobs_per_child(self.jobs_per_child)
            .limits(self.limits())
            .tell(STORE, place.url())
            .tell(LOG, log::told(global));
        builder.isolation(INTERNAL.into_iter().fold(children, Processes::env_remove))
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::new();
        if let Some(bytes) = self.memory_limit {
            limits = limits.address_space(bytes);
        }
        if let Some(time) = self.cpu_limit {
            limits = limits.cpu_time(time);
        }
        limits
    }
}

/// What a child of a worker needs, in the child.
pub(crate) async fn child(handlers: Handlers, hooks: WorkerHooks) -> Result<Child, String> {
    let told = |failure: Failure| chain(&failure);
    if let Some(log) = isolation::told(LOG) {
        log::start_as_told(log).map_err(told)?;
    }
    let child = Child::new(handlers).hooks(hooks);
    let Some(url) = isolation::told(STORE) else {
        return Ok(child);
    };
    let backend = connect(&Place::new(url, None, None)).await.map_err(told)?;
    Ok(child.backend(backend))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("4096", 4096),
            ("512M", 512 << 20),
            ("2g", 2 << 30),
            ("1 K", 1024),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "M", "-1", "1.5G", "99999999999G", "5Ä"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
