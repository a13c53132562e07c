//! The worker: performs [`Work`] jobs of a store until a signal ends it, and tells on standard output
//! what happens to it, one JSON object a line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use crash_proof::{Ledger, Poison, Work};
use resque::RetryPolicy;
use resque::worker::{Event, Worker};
use serde_json::json;

/// Performs jobs and writes each of their steps into a ledger.
#[derive(Debug, Parser)]
struct Options {
    /// The store
    #[arg(long, env = "RESQUE_URL", default_value = "redis://localhost")]
    url: String,
    /// The queues to serve, most important first
    #[arg(long, default_value = "*")]
    queues: String,
    /// How many jobs to perform at the same time
    #[arg(long, default_value_t = 8)]
    slots: usize,
    /// The file that jobs write their steps into
    #[arg(long, default_value = "ledger.txt")]
    ledger: PathBuf,
    /// After how many milliseconds of silence a worker is dead; all workers must agree
    #[arg(long, default_value_t = 60_000)]
    prune_after: u64,
    /// How often to look for dead workers, in milliseconds
    #[arg(long, default_value_t = 5_000)]
    janitor_every: u64,
    /// How often to try a job that fails or whose worker is lost, the first time included
    #[arg(long, default_value_t = 1)]
    attempts: u32,
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
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
    let ledger = Ledger::open(&options.ledger)?;
    let backend = resque::connect(&options.url).await?;
    let policy = RetryPolicy::fixed(Duration::from_millis(100)).max_attempts(options.attempts);
    let report = Worker::builder(backend)
        .queues(&options.queues)
        .concurrency(options.slots)
        .prune_after(Duration::from_millis(options.prune_after))
        .janitor_every(Duration::from_millis(options.janitor_every))
        .register::<Work>()
        .register::<Poison>()
        .retry(policy)
        .state(ledger)
        .handle_signals()
        .on_event(tell)
        .build()?
        .run()
        .await?;
    write_line(&json!({ "event": "stopped", "report": report.to_string() }));
    Ok(())
}

/// Tells what happens to the worker as a whole; its jobs speak in the ledger.
fn tell(event: &Event) {
    let ids = |workers: &[resque::WorkerId]| -> Vec<String> {
        workers.iter().map(ToString::to_string).collect()
    };
    let line = match event {
        Event::Registered { workers } => json!({ "event": "registered", "workers": ids(workers) }),
        Event::Lost { worker, .. } => json!({ "event": "lost", "worker": worker.as_str() }),
        Event::Recovered { worker, .. } => {
            json!({ "event": "recovered", "worker": worker.as_str() })
        }
        Event::Pruned { worker } => json!({ "event": "pruned", "worker": worker.as_str() }),
        Event::Outage { doing, error } => {
            json!({ "event": "outage", "doing": doing, "error": error.to_string() })
        }
        Event::OutageOver { .. } => json!({ "event": "outage over" }),
        Event::Trouble { doing, error } => {
            json!({ "event": "trouble", "doing": doing, "error": error.to_string() })
        }
        _ => return,
    };
    write_line(&line);
}

/// Writes a line if somebody still reads; a worker does not end because nobody listens.
fn write_line(line: &serde_json::Value) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
