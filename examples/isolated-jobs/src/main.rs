//! A worker that performs its jobs in other processes, until a signal ends it. It tells on standard
//! output what happens to it, one JSON object a line, and at last what is left in its store.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use isolated_jobs::{child, handlers};
use resque::isolation::{Exec, Limits, Processes, child_entry};
use resque::worker::{Ending, Event, OnTerm, Polling, Worker, WorkerBuilder, WorkerEnv};
use resque::{Backend, Client, Enqueue, Page, Payload, QueueName};
use serde_json::json;

/// Performs jobs in other processes, with Resque's environment variables.
#[derive(Debug, Parser)]
struct Options {
    /// The store
    #[arg(long, default_value = "memory:")]
    url: String,
    /// How many jobs to perform at the same time
    #[arg(long, default_value_t = 1)]
    slots: usize,
    /// Who performs the jobs
    #[arg(long, value_enum, default_value_t = Performer::Children)]
    by: Performer,
    /// The program that performs them, and its arguments
    #[arg(long, num_args = 1.., allow_hyphen_values = true)]
    exec: Vec<PathBuf>,
    /// How many jobs a child performs
    #[arg(long, default_value_t = 100)]
    jobs_per_child: u32,
    /// How many MiB of address space a child may have
    #[arg(long)]
    address_space: Option<u64>,
    /// How many milliseconds a job may run
    #[arg(long)]
    timeout: Option<u64>,
    /// What becomes of jobs that the end of the worker ends
    #[arg(long, value_enum, default_value_t = Term::Release)]
    on_term: Term,
    /// Jobs to begin with, as JSON
    #[arg(long)]
    job: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Performer {
    Children,
    Exec,
    Worker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Term {
    Release,
    Fail,
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    // A child goes no further than this.
    child_entry(child);
    match work(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let causes = std::iter::successors(error.source(), |cause| cause.source());
            causes.for_each(|cause| eprintln!("  caused by: {cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn work(options: Options) -> Result<()> {
    let backend = resque::connect(&options.url).await?;
    let jobs = options.job.iter();
    let jobs: Vec<_> = jobs
        .map(|job| Ok(Enqueue::new(QueueName::new("q")?, job.clone().into_bytes())))
        .collect::<Result<_>>()?;
    backend.queues().push(&jobs).await?;
    let worker = Worker::builder(backend.clone())
        .queues("q")
        .concurrency(options.slots)
        .handlers(handlers())
        .polling(Polling::default())
        .env(&WorkerEnv::read()?)
        .on_term(match options.on_term {
            Term::Release => OnTerm::Release,
            Term::Fail => OnTerm::Fail,
        })
        .handle_signals()
        .exits_after_run()
        .on_event(tell);
    isolated(worker, &options).build()?.run().await?;
    tell_what_is_left(&backend).await?;
    // The worker was promised that the process ends now; the end of the runtime would wait for jobs
    // that do not yield.
    std::process::exit(0)
}

fn isolated(mut worker: WorkerBuilder, options: &Options) -> WorkerBuilder {
    if let Some(timeout) = options.timeout {
        worker = worker.job_timeout(Duration::from_millis(timeout));
    }
    let mut limits = Limits::new();
    if let Some(mebibytes) = options.address_space {
        limits = limits.address_space(mebibytes << 20);
    }
    match (options.by, &options.exec[..]) {
        (Performer::Exec, [program, arguments @ ..]) => {
            let exec = Exec::new(program).limits(limits);
            worker.isolation(arguments.iter().fold(exec, Exec::argument))
        }
        (Performer::Children, _) => {
            let children = Processes::new()
                .jobs_per_child(options.jobs_per_child)
                .limits(limits);
            worker.isolation(children)
        }
        (Performer::Exec | Performer::Worker, _) => worker,
    }
}

/// Tells an event.
fn tell(event: &Event) {
    let line = match event {
        Event::Phase(phase) => json!({"event": "phase", "phase": format!("{phase:?}")}),
        Event::JobStarted(job) => json!({"event": "started", "class": job.class}),
        Event::Progress { progress, .. } => json!({"event": "progress", "text": progress.text}),
        Event::JobFinished { job, ending, .. } => {
            let error = match ending {
                Ending::Failed(failure) => Some(failure.error.clone()),
                _ => None,
            };
            json!({"event": "finished", "class": job.class, "error": error})
        }
        Event::Idle => json!({"event": "idle"}),
        _ => return,
    };
    say(&line);
}

async fn tell_what_is_left(backend: &Backend) -> Result<()> {
    let queued = backend
        .queues()
        .peek(&QueueName::new("q")?, Page::ALL)
        .await?;
    let queued = queued.iter().map(Payload::to_text_lossy);
    let failed = backend
        .failures()
        .list(&resque::FailureQuery::default())
        .await?;
    let failed = failed
        .entries
        .iter()
        .filter_map(|entry| entry.content.record());
    let client = Client::new(backend.clone());
    let stats = client.stats()?;
    say(&json!({
        "event": "left",
        "queued": queued.collect::<Vec<_>>(),
        "failed": failed
            .map(|record| json!([record.payload.to_text_lossy(), record.exception, record.error]))
            .collect::<Vec<_>>(),
        "stats": {"processed": stats.get("processed").await?, "failed": stats.get("failed").await?},
    }));
    Ok(())
}

fn say(line: &serde_json::Value) {
    let mut out = std::io::stdout().lock();
    // Whoever listened may have gone.
    let _ = writeln!(out, "{line}");
}
