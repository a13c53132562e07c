//! A worker for production: jobs in processes of their own, retries, recurring jobs, limits, probes
//! and metrics, and every command of `resque` to look after it.
//!
//! ```sh
//! export RESQUE_URL=redis://localhost
//! cargo run -p fleet -- work --queues 'payments,*' --concurrency 4 --processes 2 \
//!     --isolation process --memory-limit 4G --health-listen 127.0.0.1:9100 --store-metrics
//! cargo run -p fleet -- enqueue Thumbnail /tmp cat.png --queue images
//! cargo run -p fleet -- top
//! curl http://127.0.0.1:9100/metrics
//! ```
//!
//! `docs/operating.md` tells the rest: choosing a store, deploying, signals, what to do when….

mod jobs;

use std::process::ExitCode;
use std::time::Duration;

use resque::{Handlers, RetryPolicy, Schedule};
use resque_cli::App;

use crate::jobs::{Charge, Digest, Sync, Thumbnail};

fn main() -> resque::Result<ExitCode> {
    let digest = Schedule::of("digest", &Digest {})?.every("2s")?;
    // Nothing with effects stands before `run`: a child that performs jobs goes no further.
    let app = App::new(handlers()).name("fleet").worker(|builder| {
        builder
            // No job runs for longer, unless its class says so.
            .job_timeout(Duration::from_secs(15 * 60))
            .schedule(digest)
    });
    Ok(app.run())
}

/// What can be performed, and what becomes of it when it fails.
fn handlers() -> Handlers {
    let policy = RetryPolicy::exponential(Duration::from_secs(30), Duration::from_secs(600));
    Handlers::new()
        .register::<Charge>()
        .register::<Digest>()
        .register::<Sync>()
        .register::<Thumbnail>()
        // Classes that say nothing else.
        .retry(policy.max_attempts(3))
}
