//! One look at a store.

use resque::wire::payload::decode;
use resque::{FailureQuery, Held, WorkerStatus};
use serde::Serialize;

use crate::commands::queues::is_paused;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::Answer;
use crate::times::stamp;

/// How many failures are shown.
const FAILURES: usize = 20;
/// How many workers with a job are shown, those first that work longest.
const WORKERS: usize = 200;

/// One look at a store.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sample {
    /// The store's time.
    pub(super) at: String,
    pub(super) paused: bool,
    pub(super) pending: u64,
    pub(super) delayed: u64,
    /// Records on the failed list.
    pub(super) failed: u64,
    /// Performed since the counter was cleared, failed ones too.
    pub(super) processed: i64,
    /// Failed since the counter was cleared.
    pub(super) processed_failed: i64,
    pub(super) workers: u64,
    pub(super) queues: Vec<Queue>,
    /// The workers that perform a job, those first that do so longest.
    pub(super) working: Vec<Working>,
    /// The last failures, the newest first.
    pub(super) failures: Vec<Failed>,
}

#[derive(Debug, Serialize)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) length: u64,
    pub(super) stopped: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Working {
    pub(super) id: String,
    pub(super) queue: String,
    pub(super) class: Option<String>,
    /// The arguments as text.
    pub(super) args: String,
    pub(super) seconds: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Failed {
    pub(super) failed_at: String,
    pub(super) queue: String,
    pub(super) class: Option<String>,
    pub(super) exception: String,
    pub(super) error: String,
}

impl Sample {
    /// Looks.
    pub(super) async fn ask(store: &Store) -> Result<Self, Failure> {
        let client = &store.client;
        let now = client.store_time().await?;
        let listing = client.queue_listing().await?;
        let workers = client.workers().await?;
        let stats = client.stats()?;
        let delayed = match client.delayed() {
            Ok(delayed) => delayed.count().await?,
            // A store that cannot hold jobs until they are due holds none.
            Err(_) => 0,
        };
        let failures = client.failures()?;
        let query = FailureQuery::default().limit(FAILURES);
        let page = failures.page(&query).await?;
        let records = page
            .entries
            .iter()
            .filter_map(|entry| entry.content.record());
        let mut working: Vec<&WorkerStatus> =
            workers.iter().filter(|one| one.holds.is_some()).collect();
        working.sort_by_key(|worker| worker.holds.as_ref().and_then(|held| held.since));
        let seconds = |held: &Held| {
            Some(
                now.duration_since(held.since?)
                    .unwrap_or_default()
                    .as_secs(),
            )
        };
        let jobs = working.into_iter().take(WORKERS);
        Ok(Self {
            at: stamp(now),
            paused: is_paused(store).await?,
            pending: listing.queues.iter().map(|queue| queue.length).sum(),
            delayed,
            failed: failures.count().await?,
            processed: stats.get("processed").await?,
            processed_failed: stats.get("failed").await?,
            workers: workers.len() as u64,
            queues: listing
                .queues
                .into_iter()
                .map(|queue| Queue {
                    name: queue.name.to_string(),
                    length: queue.length,
                    stopped: queue.stopped,
                })
                .collect(),
            working: jobs
                .filter_map(|worker| {
                    let held = worker.holds.as_ref()?;
                    let (class, args) = job(held.payload.as_bytes());
                    Some(Working {
                        id: worker.id.to_string(),
                        queue: held.queue.clone(),
                        class,
                        args,
                        seconds: seconds(held),
                    })
                })
                .collect(),
            failures: records
                .map(|record| Failed {
                    failed_at: stamp(record.failed_at),
                    queue: record.queue.clone(),
                    class: job(record.payload.as_bytes()).0,
                    exception: record.exception.clone(),
                    error: record.error.clone(),
                })
                .collect(),
        })
    }
}

/// The class and the arguments; none and nothing for a payload that is no job.
fn job(payload: &[u8]) -> (Option<String>, String) {
    match decode(payload) {
        Ok(job) => (Some(job.class.into_owned()), job.args.into_owned()),
        Err(_) => (None, String::new()),
    }
}

impl Answer for Sample {
    fn text(&self) -> String {
        let mut text = format!(
            "{}  processed {}  failed {}  waiting {}  delayed {}  on the failed list {}  workers {}, {} working\n",
            self.at,
            self.processed,
            self.processed_failed,
            self.pending,
            self.delayed,
            self.failed,
            self.workers,
            self.working.len()
        );
        for queue in self
            .queues
            .iter()
            .filter(|queue| queue.length > 0 || queue.stopped)
        {
            let stopped = if queue.stopped { ", stopped" } else { "" };
            let name = crate::text::one_line(&queue.name);
            text.push_str(&format!("  {name} {}{stopped}\n", queue.length));
        }
        text
    }
}
