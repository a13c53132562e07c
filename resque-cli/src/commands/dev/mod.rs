//! `resque dev`: a worker to try things out with, and what it does.

mod help;
mod input;
mod jobs;
mod line;
mod numbers;
mod operator;
mod page;
mod panics;
mod plain;
mod session;
mod stdin;
mod summary;
mod update;
mod view;

use std::io::{self, IsTerminal};

use clap::Args;
use resque::QueueList;
use tokio::runtime::{self, Runtime};

use self::session::{Session, Setting};
use crate::context::Context;
use crate::failure::Failure;
use crate::options::Global;
use crate::place::Place;

/// The namespace unless one is named, so that nothing else on a server is touched.
const NAMESPACE: &str = "resque-dev";
/// The name of the threads that perform jobs; a panic there is a job's failure.
const JOB_THREADS: &str = "resque-job";

/// Try it out: a worker with demo jobs and a live view; needs no server
///
/// Its web page is on a free port of 127.0.0.1; the address is shown.
/// Works in memory unless a store is named, and in the namespace `resque-dev` unless one is named, by
/// `--namespace` or in the URL; then no demo jobs are enqueued. Type more jobs as `Class [json args]`, for instance
/// `Slow [5]`; `help` shows what else can be typed. Ctrl-C stops: running jobs have two seconds to
/// end and go back to their queue otherwise; a second Ctrl-C stops at once.
///
/// Without a terminal it writes one line for each event: seconds since the start, a word, and
/// the rest. At the end of input it works off what waits in the served queues and ends; delayed
/// jobs stay. The exit code is 1 if a line of such input could not be done.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Dev {
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

    /// Begin without the web page
    #[arg(long)]
    no_web: bool,
}

impl Dev {
    /// Runs until it is told to stop.
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        let setting = self.setting(&context.global);
        // Jobs have a runtime of their own, so that one that blocks cannot stop the display.
        panics::leave_to_worker(JOB_THREADS);
        let jobs = jobs_runtime()?;
        let display = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_runtime)?;
        let clock = context.clock;
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

    fn setting(self, global: &Global) -> Setting {
        let url = global.url.as_deref().filter(|url| !url.is_empty());
        let url = url.unwrap_or("memory:");
        Setting {
            place: Place::new(url, global.namespace.as_deref(), Some(NAMESPACE)),
            queues: self.queues,
            slots: self.concurrency.into(),
            empty: self.empty,
            has_page: !self.no_web,
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
    Failure::io("start a runtime", source)
}
