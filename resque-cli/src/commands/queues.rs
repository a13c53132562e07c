//! `resque queues`, `resque peek`, `resque remove-queue`: what waits.

use clap::Args;
use resque::{Page, QueueName, QueueStatus};
use serde::Serialize;

use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, Changed, JobView, Table, count};
use crate::times::{ago, stamp};

/// Show all queues and how many jobs wait in them
#[derive(Debug, Args)]
pub(crate) struct Queues {}

#[derive(Debug, Serialize)]
struct Listing {
    queues: Vec<Queue>,
    /// Names that are no queue names, left there by another program.
    unreadable: Vec<String>,
    paused: bool,
}

#[derive(Debug, Serialize)]
struct Queue {
    name: String,
    length: u64,
    stopped: bool,
    /// Since when the oldest job waits, where the store knows.
    oldest: Option<String>,
    #[serde(skip)]
    waits: String,
}

impl Queues {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let listing = store.client.queue_listing().await?;
        let now = store.client.store_time().await?;
        let view = |status: QueueStatus| Queue {
            name: status.name.to_string(),
            length: status.length,
            stopped: status.stopped,
            oldest: status.oldest.map(stamp),
            waits: status
                .oldest
                .map_or_else(String::new, |oldest| ago(oldest, now)),
        };
        let unreadable = listing.unreadable.iter();
        store.out.answer(&Listing {
            queues: listing.queues.into_iter().map(view).collect(),
            unreadable: unreadable
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect(),
            paused: is_paused(store).await?,
        })
    }
}

/// Whether all workers are paused; never where the store cannot do that.
pub(super) async fn is_paused(store: &Store) -> Result<bool, Failure> {
    match store.client.is_paused().await {
        Err(resque::Error::NotOffered { .. }) => Ok(false),
        answer => Ok(answer?),
    }
}

impl Answer for Listing {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.paused {
            text.push_str("All workers are paused; `resque resume --all` ends that.\n");
        }
        let knows_ages = self.queues.iter().any(|queue| !queue.waits.is_empty());
        let heading: &[_] = if knows_ages {
            &["queue", ">waiting", ">oldest", "state"]
        } else {
            &["queue", ">waiting", "state"]
        };
        let mut table = Table::new(heading);
        for queue in &self.queues {
            let length = queue.length.to_string();
            let state = if queue.stopped { "stopped" } else { "" };
            if knows_ages {
                table.row([&queue.name, &length, &queue.waits, state]);
            } else {
                table.row([&queue.name, &length, state]);
            }
        }
        text.push_str(&table.text());
        if self.queues.is_empty() {
            text.push_str("There are no queues.\n");
        }
        if !self.unreadable.is_empty() {
            let number = self.unreadable.len() as u64;
            text.push_str(&format!(
                "and {} that nobody can read\n",
                count(number, "name")
            ));
        }
        text
    }
}

/// Show the next jobs of a queue
#[derive(Debug, Args)]
pub(crate) struct Peek {
    /// The queue
    #[arg(value_name = "QUEUE")]
    queue: QueueName,

    /// How many jobs to leave out, counted from the next one
    #[arg(long, value_name = "N", default_value_t = 0)]
    start: u32,

    /// How many jobs to show
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
}

#[derive(Debug, Serialize)]
struct Waiting {
    queue: String,
    length: u64,
    start: u32,
    jobs: Vec<JobView>,
}

impl Peek {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let queue = self.queue.as_str();
        let length = store.client.size(queue).await?;
        let jobs = store
            .client
            .peek(queue, Page::new(self.start, self.count))
            .await?;
        store.out.answer(&Waiting {
            queue: queue.to_owned(),
            length,
            start: self.start,
            jobs: jobs.iter().map(JobView::from).collect(),
        })
    }
}

impl Answer for Waiting {
    fn text(&self) -> String {
        let mut table = Table::new(&[">", "class", "arguments"]);
        for (index, job) in (u64::from(self.start)..).zip(&self.jobs) {
            table.row([&index.to_string(), job.name(), &job.arguments()]);
        }
        let shown = match self.jobs.len() as u64 {
            0 => String::new(),
            shown if shown < self.length => format!(", {shown} shown"),
            _ => String::new(),
        };
        let total = count(self.length, "job");
        format!("{}{total} in {}{shown}\n", table.text(), self.queue)
    }
}

/// Remove queues with all jobs that wait in them
#[derive(Debug, Args)]
pub(crate) struct RemoveQueue {
    /// The queues
    #[arg(value_name = "QUEUE", required = true)]
    queues: Vec<QueueName>,

    #[command(flatten)]
    sure: Sure,
}

impl RemoveQueue {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let mut waiting = 0;
        for queue in &self.queues {
            waiting += store.client.size(queue.as_str()).await?;
        }
        let queues: Vec<&str> = self.queues.iter().map(QueueName::as_str).collect();
        let what = format!(
            "remove {} with {}",
            queues.join(", "),
            count(waiting, "job")
        );
        self.sure.about(&what)?;
        let mut removed = 0;
        for queue in queues {
            removed += store.client.remove_queue(queue).await?;
        }
        store
            .out
            .answer(&Changed::new(removed, "job", "removed with the queue"))
    }
}
