//! Jobs that recur: declared in code, in a file, and stored at run time.
//!
//! Without arguments it works in memory and ends after a few runs. Start it several times on one
//! store (`--url redis://localhost --runs 0`), kill whichever you like: each tick fires once.

mod clock;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Parser;
use resque::prelude::*;
use resque::worker::Event;
use resque::{CatchUp, Schedule};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// Fires schedules and performs their jobs.
#[derive(Debug, Parser)]
struct Options {
    /// The store
    #[arg(long, default_value = "memory:")]
    url: String,
    /// The queues to serve
    #[arg(long, default_value = "*")]
    queues: String,
    /// A file of schedules in resque-scheduler's layout
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules.yml"))]
    file: PathBuf,
    /// After how many firings to end; 0 is never
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// After how many milliseconds another worker fires for one that was killed
    #[arg(long, default_value_t = 15_000)]
    lease: u64,
    /// By how many seconds the clock is wrong, to either side
    #[arg(long, default_value_t = 0)]
    clock_off: u64,
}

#[derive(Serialize, Deserialize)]
struct Report {
    what: String,
}

impl Job for Report {
    const CLASS: &'static str = "Report";
    const QUEUE: &'static str = "reports";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        say(&format!("reporting {}", self.what));
        Ok(())
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let backend = resque::connect(&options.url).await?;

    // At run time, by any program: `resque schedule` does the same.
    let sales = Report {
        what: "sales".into(),
    };
    let stored = Schedule::of("sales", &sales)?.every("2s")?;
    let client = Client::new(backend.clone());
    client.schedules()?.set(&stored).await?;

    // In code: each night, half an hour of jitter, and all nights that were missed.
    let archive = Report {
        what: "archive".into(),
    };
    let nightly = Schedule::of("nightly", &archive)?
        .cron("0 3 * * * America/New_York")?
        .jitter(Duration::from_secs(1_800))
        .catch_up(CatchUp::UpTo(7));

    let off = Duration::from_secs(options.clock_off);
    let (firings, mut fired) = mpsc::unbounded_channel();
    let worker = Worker::builder(backend)
        .clock(Arc::new(clock::WrongClock::new(off)))
        .queues(&options.queues)
        .register::<Report>()
        .schedule(nightly)
        .schedule_file(&options.file)?
        .stored_schedules(true)
        .schedule_lease(Duration::from_millis(options.lease))
        .handle_signals()
        .on_event(move |event| {
            if let Event::Fired { schedule, tick } = event {
                let since = tick.duration_since(SystemTime::UNIX_EPOCH);
                say(&format!(
                    "fired {schedule} {}",
                    since.unwrap_or_default().as_millis()
                ));
                let _ = firings.send(());
            }
        })
        .build()?;
    let handle = worker.handle();
    tokio::spawn(async move {
        let mut runs = 0;
        while fired.recv().await.is_some() {
            runs += 1;
            if runs == options.runs {
                handle.quit();
            }
        }
    });
    say(&worker.run().await?.to_string());
    Ok(())
}

/// Writes a line if somebody still reads.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
