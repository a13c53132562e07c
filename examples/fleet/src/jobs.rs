//! What the fleet does. Each job keeps its books in a folder, so that one can look.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use resque::{Job, JobContext, JobError, JobLimits, JobResult, RetryPolicy, Unique};
use serde::{Deserialize, Serialize};

/// Makes a picture small, with a library that may crash: only its process dies.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Thumbnail {
    folder: PathBuf,
    name: String,
}

impl Job for Thumbnail {
    const CLASS: &'static str = "Thumbnail";
    const QUEUE: &'static str = "images";

    fn retry() -> Option<RetryPolicy> {
        // A picture that crashes the library would do so again.
        Some(RetryPolicy::never())
    }

    fn timeout() -> Option<Duration> {
        Some(Duration::from_secs(30))
    }

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        if self.name.ends_with(".broken") {
            std::process::abort();
        }
        note(&self.folder, &format!("small {}", self.name))
    }
}

/// Charges an order. The bank is away now and then, so it is tried again; and an order is charged
/// once, however often somebody presses the button.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Charge {
    folder: PathBuf,
    order: u64,
}

impl Job for Charge {
    const CLASS: &'static str = "Charge";
    const QUEUE: &'static str = "payments";

    fn retry() -> Option<RetryPolicy> {
        Some(RetryPolicy::fixed(Duration::from_secs(1)).max_attempts(60))
    }

    fn limits() -> JobLimits<Self> {
        JobLimits::new().unique(Unique::until_done())
    }

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        if !self.folder.join("bank").exists() {
            return Err(JobError::new("BankAway", "the bank does not answer"));
        }
        note(&self.folder, &format!("charged {}", self.order))
    }
}

/// Fetches what is new in an account; the other side allows one connection for each.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sync {
    folder: PathBuf,
    account: String,
    seconds: f64,
}

impl Job for Sync {
    const CLASS: &'static str = "Sync";
    const QUEUE: &'static str = "accounts";

    fn limits() -> JobLimits<Self> {
        JobLimits::new().at_most_by(1, |job: &Self| job.account.clone())
    }

    async fn perform(self, ctx: &JobContext) -> JobResult {
        note(&self.folder, &format!("begin {}", self.account))?;
        let takes = Duration::try_from_secs_f64(self.seconds)?;
        ctx.clock().sleep(takes).await;
        note(&self.folder, &format!("end {}", self.account))
    }
}

/// Tells what happened; recurs, and what one run misses the next one tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Digest {}

impl Job for Digest {
    const CLASS: &'static str = "Digest";
    const QUEUE: &'static str = "mail";

    fn retry() -> Option<RetryPolicy> {
        Some(RetryPolicy::never())
    }

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        Ok(())
    }
}

/// Adds a line to the books; one write, so that lines of several processes stay whole.
fn note(folder: &Path, line: &str) -> JobResult {
    let mut options = OpenOptions::new();
    let mut books = options
        .create(true)
        .append(true)
        .open(folder.join("books"))?;
    books.write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}
