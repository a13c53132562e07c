//! `resque dev`: a worker to try things out with, and what it does.

mod help;
mod input;
mod jobs;
mod line;
mod numbers;
mod operator;
mod panics;
mod place;
mod plain;
mod session;
mod stdin;
mod summary;
mod update;
mod view;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use clap::Args;
use resque::{QueueList, SharedClock, SystemClock};
use tokio::runtime::{self, Runtime};

use self::place::Place;
use self::session::{Session, Setting};
use crate::failure::Failure;

/// The name of the threads that perform jobs; a panic there is a job's failure.
const JOB_THREADS: &str = "resque-job";

/// Try it out: a worker with demo jobs and a live view; needs no server
///
/// Works in memory unless a store is named. Type more jobs as `Class [json args]`, for instance
/// `Slow [5]`; `help` shows what else can be typed. Ctrl-C stops: running jobs have two seconds to
/// end and go back to their queue otherwise; a second Ctrl-C stops at once.
///
/// Without a terminal it writes one line for each event: seconds since the start, a word, and
/// the rest. At the end of input it works off what waits in the served queues and ends; delayed
/// jobs stay. The exit code is 1 if a line of such input could not be done.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Dev {
    /// The store: memory:, redis://host[:port][/db], or host:port
    #[arg(long, value_name = "URL", env = "RESQUE_URL", hide_env_values = true)]
    #[arg(default_value = "memory:")]
    url: String,

    /// The namespace of all keys [default: the URL's, else resque-dev]; if one is named, no demo
    /// jobs are enqueued
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    namespace: Option<String>,

    /// The queues to serve, most important first: high,low or *,!slow
    #[arg(long, value_name = "LIST", default_value = "*")]
    #[arg(value_parser = str::parse::<QueueList>)]
    queues: QueueList,

    /// How many jobs are performed at the same time
    #[arg(long, short, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,

    /// Begin without the demo jobs
    #[arg(long)]
    empty: bool,
}

impl Dev {
    /// Runs until it is told to stop.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let setting = self.setting();
        // Jobs have a runtime of their own, so that one that blocks cannot stop the display.
        panics::leave_to_worker(JOB_THREADS);
        let jobs = jobs_runtime()?;
        let display = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_runtime)?;
        let clock: SharedClock = Arc::new(SystemClock::new());
        let ended = display.block_on(async {
            let session = Session::begin(setting, clock, jobs.handle()).await?;
            if is_terminal() {
                view::run(session, JOB_THREADS).await
            } else {
                plain::run(session, io::stdin().is_terminal()).await
            }
        });
        // Neither a job that does not yield nor a read that never ends keeps the program.
        jobs.shutdown_background();
        display.shutdown_background();
        ended
    }

    fn setting(self) -> Setting {
        Setting {
            place: Place::new(&self.url, self.namespace.as_deref()),
            queues: self.queues,
            slots: self.concurrency.into(),
            empty: self.empty,
        }
    }
}

/// Whether there is a terminal to draw on and to type at.
fn is_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

fn jobs_runtime() -> Result<Runtime, Failure> {
    runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name(JOB_THREADS)
        .build()
        .map_err(no_runtime)
}

fn no_runtime(source: io::Error) -> Failure {
    Failure::Terminal {
        doing: "start a runtime",
        source,
    }
}
