//! `resque workers`: who works, and on what.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use resque::WorkerStatus;
use serde::Serialize;

use super::named::Named;
use super::prune;
use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, JobView, Table, count};
use crate::text::cut;
use crate::times::{ago, stamp};

/// After what silence a worker of this library is shown as silent.
const SILENT: Duration = Duration::from_secs(60);
/// The same for foreign workers, which beat once a minute.
const FOREIGN_SILENT: Duration = Duration::from_secs(300);
/// How many columns of a job a list shows.
const JOB: usize = 40;

/// Show workers, or take dead ones off the registry
#[derive(Debug, Args)]
pub(crate) struct Workers {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show all (what `workers` alone does)
    List {
        /// Only those that perform a job
        #[arg(long)]
        working: bool,
    },
    /// Show everything about one
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Take those off the registry whose heartbeat is too old; what they held counts as failed
    ///
    /// It is tried again if this program knows its class and the class has a retry policy; what a
    /// worker says for all its classes is not known here. Else it is recorded as failed.
    Prune {
        #[command(flatten)]
        limits: prune::Limits,
        #[command(flatten)]
        sure: Sure,
    },
    /// Take some off the registry, dead or alive; what they hold is recorded as failed
    Remove {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Serialize)]
struct Listing {
    workers: Vec<View>,
    /// Ids that are no worker ids, left there by another program.
    unreadable: Vec<String>,
}

#[derive(Debug, Serialize)]
struct View {
    id: String,
    host: String,
    pid: String,
    queues: String,
    /// `working`, `idle`, `silent`, or `unknown` for a foreign worker that never sent a heartbeat.
    state: &'static str,
    started: Option<String>,
    heartbeat: Option<String>,
    processed: u64,
    failed: u64,
    job: Option<Holding>,
    #[serde(skip)]
    beat: String,
}

/// What a worker performs.
#[derive(Debug, Serialize)]
struct Holding {
    queue: String,
    since: Option<String>,
    #[serde(flatten)]
    job: JobView,
    #[serde(skip)]
    lasts: String,
}

impl View {
    fn of(status: &WorkerStatus, now: SystemTime) -> Self {
        let id = &status.id;
        let job = status.holds.as_ref().map(|held| Holding {
            queue: held.queue.clone(),
            since: held.since.map(stamp),
            job: JobView::of(&held.payload),
            lasts: held.since.map_or_else(String::new, |since| ago(since, now)),
        });
        Self {
            id: id.to_string(),
            host: id.host().to_owned(),
            pid: id.pid().to_owned(),
            queues: id.queues().to_owned(),
            state: state(status, now),
            started: status.started.map(stamp),
            heartbeat: status.heartbeat.map(stamp),
            beat: status
                .heartbeat
                .map_or_else(|| "never".to_owned(), |beat| ago(beat, now)),
            processed: status.processed,
            failed: status.failed,
            job,
        }
    }
}

fn state(status: &WorkerStatus, now: SystemTime) -> &'static str {
    let limit = if status.id.is_ours() {
        SILENT
    } else {
        FOREIGN_SILENT
    };
    let silence = status
        .heartbeat
        .map(|beat| now.duration_since(beat).unwrap_or_default());
    match silence {
        Some(silence) if silence > limit => "silent",
        None if status.is_suspect() => "unknown",
        _ if status.holds.is_some() => "working",
        _ => "idle",
    }
}

impl Workers {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        match self.action {
            None => list(store, false).await,
            Some(Action::List { working }) => list(store, working).await,
            Some(Action::Show { id }) => show(store, &id).await,
            Some(Action::Prune { limits, sure }) => limits.prune(store, sure).await,
            Some(Action::Remove { ids, sure }) => remove(store, ids, sure).await,
        }
    }
}

async fn list(store: &Store, working: bool) -> Result<(), Failure> {
    let now = store.client.store_time().await?;
    let listing = store.backend()?.workers().workers().await?;
    let wanted = |status: &&WorkerStatus| !working || status.holds.is_some();
    let statuses = listing.workers.iter().filter(wanted);
    let unreadable = listing.unreadable.iter();
    store.out.answer(&Listing {
        workers: statuses.map(|status| View::of(status, now)).collect(),
        unreadable: unreadable
            .map(|id| String::from_utf8_lossy(id).into_owned())
            .collect(),
    })
}

impl Answer for Listing {
    fn text(&self) -> String {
        let heading = [
            "id",
            "state",
            ">heartbeat",
            ">processed",
            ">failed",
            "job",
            ">since",
        ];
        let mut table = Table::new(&heading);
        for view in &self.workers {
            let job = view.job.as_ref().map_or_else(String::new, |held| {
                let job = format!("{} {}", held.job.name(), held.job.arguments());
                cut(&job, JOB).into_owned()
            });
            let lasts = view.job.as_ref().map_or("", |held| &held.lasts);
            let (processed, failed) = (view.processed.to_string(), view.failed.to_string());
            table.row([
                &view.id, view.state, &view.beat, &processed, &failed, &job, lasts,
            ]);
        }
        let working = self
            .workers
            .iter()
            .filter(|view| view.job.is_some())
            .count();
        let total = count(self.workers.len() as u64, "worker");
        let mut text = format!("{}{total}, {working} working\n", table.text());
        if !self.unreadable.is_empty() {
            let number = self.unreadable.len() as u64;
            text.push_str(&format!(
                "and {} that nobody can read\n",
                count(number, "id")
            ));
        }
        text
    }
}

async fn show(store: &Store, id: &str) -> Result<(), Failure> {
    let now = store.client.store_time().await?;
    let status = store.client.worker(id).await?;
    let status = status.ok_or_else(|| no_such(id))?;
    store.out.answer(&View::of(&status, now))
}

fn no_such(id: &str) -> Failure {
    Failure::Undone(format!("there is no worker {id}"))
}

impl Answer for View {
    fn text(&self) -> String {
        let mut table = Table::new(&["", ""]);
        table.row(["id", &self.id]);
        table.row(["state", self.state]);
        table.row(["queues", &self.queues]);
        table.row(["started", self.started.as_deref().unwrap_or("–")]);
        table.row(["heartbeat", self.heartbeat.as_deref().unwrap_or("–")]);
        table.row(["processed", &self.processed.to_string()]);
        table.row(["failed", &self.failed.to_string()]);
        if let Some(held) = &self.job {
            let args = held.job.args.as_ref().map_or("", |args| args.get());
            table.row(["job", &format!("{} {args}", held.job.name())]);
            table.row(["from queue", &held.queue]);
            table.row(["since", held.since.as_deref().unwrap_or("–")]);
        }
        table.text().trim_start_matches('\n').to_owned()
    }
}

async fn remove(store: &Store, ids: Vec<String>, sure: Sure) -> Result<(), Failure> {
    let number = count(ids.len() as u64, "worker");
    sure.about(&format!("take {number} off the registry"))?;
    let named = Named {
        noun: "worker",
        verb: "removed",
        names: &ids,
    };
    named
        .each(store, async |id| store.client.remove_worker(id).await)
        .await
}
