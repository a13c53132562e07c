//! What the shop does in the background.

use std::path::PathBuf;
use std::time::Duration;

use resque::{Job, JobContext, JobLimits, JobResult, Unique};
use serde::{Deserialize, Serialize};
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

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
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)
            .await?;
        file.write_all(format!("{}\n", self.line).as_bytes())
            .await?;
        file.flush().await?;
        Ok(())
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
