//! What the shop does in the background.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use resque::{Job, JobContext, JobLimits, JobResult, Rate, RetryPolicy, Unique};
use serde::{Deserialize, Serialize};
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Writes a line into a file of receipts; none waits twice.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receipt {
    file: PathBuf,
    line: String,
}

impl Job for Receipt {
    const CLASS: &'static str = "Receipt";
    const QUEUE: &'static str = "receipts";

    fn limits() -> JobLimits<Self> {
        JobLimits::new().unique(Unique::while_queued())
    }

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        append(&self.file, &self.line).await
    }
}

/// Adds a line to a file.
async fn append(file: &Path, line: &str) -> JobResult {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).open(file).await?;
    file.write_all(format!("{line}\n").as_bytes()).await?;
    file.flush().await?;
    Ok(())
}

/// Notes the store's time in a file, in microseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stamp {
    file: PathBuf,
}

impl Job for Stamp {
    const CLASS: &'static str = "Stamp";
    const QUEUE: &'static str = "stamps";

    async fn perform(self, ctx: &JobContext) -> JobResult {
        let now = ctx.client().store_time().await?;
        let micros = now.duration_since(SystemTime::UNIX_EPOCH)?.as_micros();
        append(&self.file, &micros.to_string()).await
    }
}

/// Does the same, ten times a second at most, over all processes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    file: PathBuf,
}

impl Job for Letter {
    const CLASS: &'static str = "Letter";
    const QUEUE: &'static str = "letters";

    fn limits() -> JobLimits<Self> {
        JobLimits::new().rate(Rate::per_second(10))
    }

    async fn perform(self, ctx: &JobContext) -> JobResult {
        Stamp { file: self.file }.perform(ctx).await
    }
}

/// Ends the process that performs it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exit {
    code: i32,
}

impl Job for Exit {
    const CLASS: &'static str = "Exit";
    const QUEUE: &'static str = "accidents";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        std::process::exit(self.code)
    }
}

/// Runs a script of the shell, up to three times.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Script {
    script: String,
}

impl Job for Script {
    const CLASS: &'static str = "Script";
    const QUEUE: &'static str = "scripts";

    fn retry() -> Option<RetryPolicy> {
        Some(RetryPolicy::fixed(Duration::from_secs(3_600)).max_attempts(3))
    }

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        let mut shell = Command::new("sh");
        let ended = shell.args(["-c", &self.script]).status().await?;
        ended
            .success()
            .then_some(())
            .ok_or_else(|| ended.to_string().into())
    }
}

/// Takes its time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    seconds: f64,
}

impl Job for Delivery {
    const CLASS: &'static str = "Delivery";
    const QUEUE: &'static str = "deliveries";

    async fn perform(self, ctx: &JobContext) -> JobResult {
        let takes = Duration::try_from_secs_f64(self.seconds)?;
        ctx.clock().sleep(takes).await;
        Ok(())
    }
}
