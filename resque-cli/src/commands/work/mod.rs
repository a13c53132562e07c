//! `resque work`: performs jobs until it is told to stop.

#[cfg(unix)]
mod background;
#[cfg(unix)]
mod fleet;
pub(crate) mod isolated;
mod pool;
mod probes;
mod run;
mod supervised;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use resque::QueueList;
use resque::worker::WorkerEnv;

use self::isolated::Isolated;
use self::pool::Pool;
use self::probes::Probes;
use crate::context::Context;
use crate::failure::Failure;
use crate::times;

/// Variables by which processes of this program tell each other what they are. What jobs start is
/// none of them.
const INTERNAL: [&str; 3] = [
    supervised::SUPERVISED,
    supervised::PAUSED,
    background::DETACHED,
];

/// Perform jobs until told to stop
///
/// QUIT finishes the running jobs and leaves; TERM and Ctrl-C cancel them and give back what does
/// not end in time; USR2 pauses, CONT goes on. Resque's environment variables act as in Resque
/// (QUEUES, INTERVAL, PIDFILE, BACKGROUND, VERBOSE, …); a flag wins over its variable.
///
/// The program `resque` itself knows no class of job: let any program perform them with `--exec`, or
/// make one that knows yours by one line with `resque_cli::App`.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Work {
    /// The queues to serve, most important first: high,low or *,!slow [default: QUEUES, else QUEUE]
    #[arg(long, short, value_name = "LIST", value_parser = str::parse::<QueueList>)]
    pub(super) queues: Option<QueueList>,

    /// How many jobs are performed at the same time, by slots that belong to no pool
    /// [default: 10; 1 if COUNT says how many processes]
    #[arg(long, short, value_name = "N", value_parser = slots)]
    pub(super) concurrency: Option<usize>,

    /// Slots of their own for some queues, so that these never wait for others; may be said again:
    /// --pool critical:4 --pool high,low:16
    #[arg(long = "pool", value_name = "LIST:N")]
    pub(super) pools: Vec<Pool>,

    /// How many processes, each with all these slots; one that dies is started again
    /// [default: COUNT, else this one]
    #[arg(long, value_name = "N", value_parser = slots)]
    pub(super) processes: Option<usize>,

    /// How long a job may run if its class says nothing
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    pub(super) job_timeout: Option<Duration>,

    /// After TERM, how long cancelled jobs have to end [default: RESQUE_TERM_TIMEOUT, else 4s]
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    pub(super) term_timeout: Option<Duration>,

    /// After TERM, how long running jobs are let be before they are cancelled
    /// [default: RESQUE_PRE_SHUTDOWN_TIMEOUT, else 0]
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    pub(super) pre_shutdown_timeout: Option<Duration>,

    /// TERM acts like QUIT, as with GRACEFUL_TERM
    #[arg(long)]
    pub(super) graceful_term: bool,

    #[command(flatten)]
    pub(super) isolated: Isolated,

    #[command(flatten)]
    probes: Probes,

    /// Let jobs recur as this file says, in resque-scheduler's layout; may be said again
    #[arg(long = "schedule", value_name = "FILE")]
    pub(super) schedules: Vec<PathBuf>,

    /// Let jobs recur as the schedules say that `resque schedule set` stores
    #[arg(long)]
    pub(super) stored_schedules: bool,

    /// What becomes of running jobs that TERM ends: they go back to their queues, or fail as in
    /// Ruby
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OnTerm::Release)]
    pub(super) on_term: OnTerm,

    /// Do not show in `ps` what the processes do
    #[arg(long)]
    pub(super) no_titles: bool,

    /// After what silence other workers are dead; all processes must agree [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    pub(super) prune_after: Option<Duration>,

    /// Remove the oldest failed jobs beyond so many [default: none]
    #[arg(long, value_name = "N")]
    pub(super) keep_failures: Option<u64>,

    /// Remove failed jobs after so long: 30d [default: never]
    #[arg(long, value_name = "DURATION", value_parser = times::duration)]
    pub(super) keep_failures_for: Option<Duration>,

    /// Leave the terminal, as with BACKGROUND
    #[arg(long)]
    background: bool,

    /// Write the process id to this file [default: PIDFILE]
    #[arg(long, value_name = "FILE")]
    pub(super) pidfile: Option<PathBuf>,
}

/// What becomes of running jobs that TERM ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnTerm {
    /// They go back to the front of their queues
    Release,
    /// They go to the failed list
    Fail,
}

fn slots(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=65_536).contains(&number) => Ok(number),
        _ => Err("say a number from 1 to 65536".to_owned()),
    }
}

impl Work {
    /// Works until it is told to stop.
    pub(crate) fn run(mut self, context: Context) -> Result<(), Failure> {
        let mut env = WorkerEnv::read()?;
        let place = context.global.place()?;
        supervised::check()?;
        self.knows_something(&context)?;
        let wants_background = env.background || self.background;
        env.background = false;
        #[cfg(unix)]
        {
            if wants_background && !supervised::is_supervised() && !background::leave_terminal()? {
                return background::detach();
            }
            let processes = self.processes.or(env.count);
            if let Some(processes) = processes.filter(|_| !supervised::is_supervised()) {
                let pidfile = self.pidfile.take().or(env.pidfile.take());
                return fleet::run(processes, pidfile, &self.probes, context.clock);
            }
        }
        #[cfg(not(unix))]
        if wants_background || self.processes.is_some() {
            let reason = "there are no such processes on this system";
            return Err(Failure::setting("--background and --processes", reason));
        }
        if env.count.take().is_some() && self.processes.is_none() {
            // `COUNT` workers are as many processes of one slot each, as in Resque.
            self.concurrency.get_or_insert(1);
        }
        if supervised::is_supervised() {
            self.pidfile = None;
            env.pidfile = None;
        }
        run::run(self, &env, &place, context)
    }

    /// Without a class every job would fail: that is not what anybody means.
    fn knows_something(&self, context: &Context) -> Result<(), Failure> {
        if self.isolated.is_program() || !context.handlers.is_empty() {
            return Ok(());
        }
        let reason = "this program knows no class of job; name one that performs them with \
                      --exec, or make one that knows some by `resque_cli::App::new(handlers).run()`";
        Err(Failure::setting("work", reason))
    }
}
