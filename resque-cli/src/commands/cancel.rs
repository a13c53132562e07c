//! `resque cancel`: asks for the end of jobs that run.

use clap::Args;
use resque::wire::payload::matches;
use resque::{Held, WorkerStatus};

use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Changed, count};

/// Ask for the end of jobs that run, by worker, class or queue
///
/// The worker hears of it within seconds, cancels the job, and drops it (or kills its process) if it
/// does not end in time; it is recorded as failed with Resque::Cancelled and not tried again. Workers of
/// other programs do not hear of it. Waiting jobs are taken out by `dequeue`, delayed ones by
/// `delayed cancel`.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Cancel {
    /// The workers that perform them, as `workers` shows them
    #[arg(value_name = "WORKER", conflicts_with_all = ["class", "queue", "all"])]
    #[arg(required_unless_present_any = ["class", "queue", "all"])]
    workers: Vec<String>,

    /// Those of this class
    #[arg(long, value_name = "CLASS", conflicts_with = "all")]
    class: Option<String>,

    /// Those that came from this queue
    #[arg(long, short, value_name = "QUEUE", conflicts_with = "all")]
    queue: Option<String>,

    /// All
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    sure: Sure,
}

impl Cancel {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let working = store.client.working().await?;
        let meant = working.into_iter().filter(|worker| self.means(worker));
        let held: Vec<Held> = meant.filter_map(|worker| worker.holds).collect();
        if self.workers.is_empty() {
            let number = count(held.len() as u64, "running job");
            self.sure.about(&format!("cancel {number}"))?;
        }
        let marked = store.client.cancel_held(&held).await?;
        store
            .out
            .answer(&Changed::new(marked, "job", "asked to end"))?;
        let missing = (self.workers.len() as u64).saturating_sub(marked);
        match missing {
            0 => Ok(()),
            missing => Err(Failure::Undone(format!(
                "{} performed no job, or none that can be cancelled",
                count(missing, "worker")
            ))),
        }
    }

    fn means(&self, worker: &WorkerStatus) -> bool {
        let Some(held) = &worker.holds else {
            return false;
        };
        let is_named = self.workers.iter().any(|id| id == worker.id.as_str());
        let class = |class: &String| matches(held.payload.as_bytes(), class, None);
        let chosen = self.class.as_ref().is_none_or(class)
            && self.queue.as_ref().is_none_or(|queue| *queue == held.queue);
        if self.workers.is_empty() {
            chosen
        } else {
            is_named
        }
    }
}
