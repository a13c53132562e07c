//! Load programs over any backend: what a backend and the worker can do, told as one line of JSON.

mod backlog;
mod enqueue;
mod http;
mod idle;
mod isolated;
mod ledger;
mod measure;
mod options;
mod pages;
mod report;
mod reserve;
mod round_trip;
mod target;
mod work;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use self::options::{Options, Workload};
use self::report::{Report, median};
use self::target::Target;

/// What a workload ends with when it cannot be run.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    // A child of the workloads with isolated jobs goes no further.
    resque::isolation::child_entry(isolated::child);
    let options = Options::parse();
    // As a task: what is awaited in `main` itself pays two changes of thread for every reply.
    let measured = tokio::spawn(async move { measure_all(&options).await }).await;
    match measured.unwrap_or_else(|panic| Err(panic.into())) {
        Ok(report) => {
            let line = serde_json::to_string(&report).unwrap_or_default();
            let _ = writeln!(std::io::stdout(), "{line}");
            if report.is_clean() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(next) = cause {
                text.push_str(&format!(": {next}"));
                cause = next.source();
            }
            let _ = writeln!(std::io::stderr(), "resque-bench: {text}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the workload as often as asked, each time on an empty namespace, and gives the run in the
/// middle.
async fn measure_all(options: &Options) -> Result<Report, Failure> {
    let mut reports = Vec::with_capacity(options.runs);
    for _ in 0..options.runs.max(1) {
        reports.push(measure_once(options).await?);
    }
    median(reports).ok_or_else(|| "no run was made".into())
}

async fn measure_once(options: &Options) -> Result<Report, Failure> {
    let target = Target::open(options).await?;
    let measured = match options.workload {
        Workload::EnqueueOne => enqueue::one_after_another(&target, options.jobs).await?,
        Workload::EnqueueConcurrent => {
            enqueue::concurrently(&target, options.jobs, options.concurrency).await?
        }
        Workload::EnqueueBatch => enqueue::in_batches(&target, options.jobs, options.batch).await?,
        Workload::Drain => {
            backlog::heap_up(&target, options.backlog).await?;
            work::drain(&target, options.jobs, options.concurrency).await?
        }
        Workload::IsolatedWarm => {
            isolated::drain(&target, options.jobs, options.concurrency, 100).await?
        }
        Workload::IsolatedFresh => {
            isolated::drain(&target, options.jobs, options.concurrency, 1).await?
        }
        Workload::Latency => work::latency(&target, options.jobs, work::Announce::Client).await?,
        Workload::LatencyForeign => {
            work::latency(&target, options.jobs, work::Announce::PlainPush).await?
        }
        Workload::RoundTrip => round_trip::push_and_pop(&target, options.jobs).await?,
        Workload::PushAndReserve => reserve::push_and_reserve(&target, options.jobs).await?,
        Workload::HttpPost => http::post(&target, options.jobs, options.concurrency).await?,
        Workload::HttpLease => http::lease(&target, options.jobs, options.concurrency).await?,
        Workload::WebPages => {
            pages::make_queues(&target, options.queues).await?;
            backlog::heap_up(&target, options.backlog).await?;
            pages::ask(&target, options.jobs).await?
        }
        Workload::Idle => idle::watch(&target, options).await?,
    };
    target.backend.queues().clear().await?;
    Ok(Report::new(
        options,
        target.backend.queues().info().name,
        measured,
    ))
}
