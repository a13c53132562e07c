//! `resque delayed`: the jobs that wait for their time.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use resque::{Cursor, DelayedEdit, DelayedId, DelayedJob, DelayedTo, Error};
use serde::Serialize;

use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, Changed, JobView, Table, count};
use crate::times;

/// How many jobs are changed in one round trip.
const CHUNK: usize = 1_000;

/// Show, cancel or move the jobs that wait for their time
#[derive(Debug, Args)]
pub(crate) struct Delayed {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show them in order of their time (what `delayed` alone does)
    List {
        /// How many to show
        #[arg(long, value_name = "N", default_value_t = 20)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Go on where the page before ended
        #[arg(long, value_name = "CURSOR")]
        from: Option<String>,
    },
    /// Cancel some, by id, class or queue
    Cancel {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        sure: Sure,
    },
    /// Let some wait for another time, or no longer
    Move {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        to: To,
    },
}

/// Which jobs are meant.
#[derive(Debug, Args)]
struct Which {
    /// Their ids, as `delayed --json` tells them
    #[arg(value_name = "ID", conflicts_with_all = ["class", "queue", "all"])]
    #[arg(required_unless_present_any = ["class", "queue", "all"])]
    ids: Vec<String>,
    /// Those of this class
    #[arg(long, value_name = "CLASS", conflicts_with = "all")]
    class: Option<String>,
    /// Those that wait for this queue
    #[arg(long, short, value_name = "QUEUE", conflicts_with = "all")]
    queue: Option<String>,
    /// All
    #[arg(long)]
    all: bool,
}

/// When jobs are to be visible.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct To {
    /// At this time: 2026-11-20T23:00:25Z
    #[arg(long, value_name = "TIME", value_parser = times::time)]
    at: Option<SystemTime>,
    /// So long from now: 90s, 15m, 1h30m, 7d
    #[arg(long = "in", id = "after", value_name = "DURATION", value_parser = times::duration)]
    after: Option<Duration>,
    /// At once
    #[arg(long)]
    now: bool,
}

#[derive(Debug, Serialize)]
struct Listing {
    /// How many there are in all.
    count: u64,
    jobs: Vec<Waiting>,
    /// What `--from` takes for the next page, if there is one.
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Waiting {
    id: String,
    due: String,
    queue: Option<String>,
    #[serde(flatten)]
    job: JobView,
    #[serde(skip)]
    shown: String,
}

impl Delayed {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let usual = Action::List {
            limit: 20,
            from: None,
        };
        match self.action.unwrap_or(usual) {
            Action::List { limit, from } => list(store, limit, from).await,
            Action::Cancel { which, sure } => {
                let ids = which.find(store).await?;
                sure.about(&format!(
                    "cancel {}",
                    count(ids.len() as u64, "delayed job")
                ))?;
                change(store, &ids, DelayedTo::Nowhere, "cancelled").await
            }
            Action::Move { which, to } => {
                let now = store.client.store_time().await?;
                let to = to.seen_from(now)?;
                let ids = which.find(store).await?;
                change(store, &ids, to, "moved").await
            }
        }
    }
}

async fn list(store: &Store, limit: u32, from: Option<String>) -> Result<(), Failure> {
    let delayed = store.client.delayed()?;
    let cursor = from.map(Cursor::new);
    let page = delayed.page(cursor.as_ref(), limit as usize).await?;
    let next = page.next.map(|next| next.as_str().to_owned());
    store.out.answer(&Listing {
        count: delayed.count().await?,
        jobs: page.jobs.iter().map(Waiting::of).collect(),
        next,
    })
}

impl Waiting {
    fn of(job: &DelayedJob) -> Self {
        Self {
            id: job.id.as_str().to_owned(),
            due: times::stamp(job.due),
            queue: job.queue.as_ref().map(ToString::to_string),
            job: JobView::of(&job.payload),
            shown: times::shown(job.due),
        }
    }
}

impl Answer for Listing {
    fn text(&self) -> String {
        let mut table = Table::new(&["due", "queue", "class", "arguments"]);
        for waiting in &self.jobs {
            let queue = waiting.queue.as_deref().unwrap_or("–");
            let job = &waiting.job;
            table.row([&waiting.shown, queue, job.name(), &job.arguments()]);
        }
        let mut text = table.text();
        text.push_str(&format!("{} delayed\n", count(self.count, "job")));
        if let Some(next) = &self.next {
            text.push_str(&format!("more: --from {next}\n"));
        }
        text
    }
}

impl Which {
    async fn find(self, store: &Store) -> Result<Vec<DelayedId>, Failure> {
        if !self.ids.is_empty() {
            return Ok(self.ids.into_iter().map(DelayedId::new).collect());
        }
        let wanted = |job: &DelayedJob| {
            let queue = job.queue.as_ref().map(|queue| queue.as_str());
            self.queue
                .as_deref()
                .is_none_or(|wanted| queue == Some(wanted))
                && self.class.as_deref().is_none_or(|class| {
                    resque::wire::payload::matches(job.payload.as_bytes(), class, None)
                })
        };
        let found = store.client.delayed()?.find(wanted).await?;
        Ok(found.into_iter().map(|job| job.id).collect())
    }
}

impl To {
    fn seen_from(&self, now: SystemTime) -> Result<DelayedTo, Failure> {
        match (self.at, self.after) {
            (Some(at), _) => Ok(DelayedTo::At(at)),
            (_, Some(after)) => match now.checked_add(after) {
                Some(at) => Ok(DelayedTo::At(at)),
                None => Err(Failure::setting(
                    "--in",
                    "it lies beyond the times that can be told",
                )),
            },
            _ => Ok(DelayedTo::Queue),
        }
    }
}

/// Changes jobs in chunks; those that have gone meanwhile are counted and said.
async fn change(
    store: &Store,
    ids: &[DelayedId],
    to: DelayedTo,
    verb: &'static str,
) -> Result<(), Failure> {
    let queues = store.backend()?.queues();
    let delayed = queues.delayed().ok_or(Failure::Crashed("the search"))?;
    let progress = store.out.progress(Some(ids.len() as u64), "changing");
    let (mut done, mut gone) = (0, 0);
    for chunk in ids.chunks(CHUNK) {
        let edits: Vec<DelayedEdit> = chunk
            .iter()
            .map(|id| DelayedEdit { id: id.clone(), to })
            .collect();
        for answer in delayed.edit(&edits).await? {
            match answer {
                Ok(()) => done += 1,
                Err(Error::Conflict { .. }) => gone += 1,
                Err(error) => return Err(error.into()),
            }
        }
        progress.add(chunk.len() as u64);
    }
    drop(progress);
    store.out.answer(&Changed::new(done, "job", verb))?;
    match gone {
        0 => Ok(()),
        gone => Err(Failure::Undone(format!(
            "{} had gone or changed meanwhile",
            count(gone, "job")
        ))),
    }
}
