//! `resque pause` and `resque resume`: stopping queues, and all workers.

use clap::Args;
use resque::QueueName;
use serde::Serialize;

use crate::context::Store;
use crate::failure::Failure;
use crate::output::Answer;

/// Stop queues, or let all workers take no more jobs
///
/// A stopped queue takes jobs and gives none. With `--all` every worker finishes what it does and
/// takes nothing new; workers of plain Ruby and Node obey that, and know nothing of stopped queues.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Pause {
    #[command(flatten)]
    which: Which,
}

/// Start stopped queues again, or end the pause of all workers
#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The queues
    #[arg(value_name = "QUEUE")]
    queues: Vec<QueueName>,

    /// All workers
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    queues: Vec<String>,
    all: bool,
    paused: bool,
}

impl Pause {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        self.which.set(store, true).await
    }
}

impl Resume {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        self.which.set(store, false).await
    }
}

impl Which {
    async fn set(self, store: &Store, paused: bool) -> Result<(), Failure> {
        let client = &store.client;
        match (self.all, paused) {
            (true, true) => client.pause_all().await?,
            (true, false) => client.resume_all().await?,
            (false, _) => {
                for queue in &self.queues {
                    if paused {
                        client.stop_queue(queue.as_str()).await?;
                    } else {
                        client.start_queue(queue.as_str()).await?;
                    }
                }
            }
        }
        let queues = self.queues.iter().map(ToString::to_string);
        store.out.answer(&Done {
            queues: queues.collect(),
            all: self.all,
            paused,
        })
    }
}

impl Answer for Done {
    fn text(&self) -> String {
        match (self.all, self.paused) {
            (true, true) => "all workers are paused\n".to_owned(),
            (true, false) => "all workers go on\n".to_owned(),
            (false, true) => format!("stopped: {}\n", self.queues.join(", ")),
            (false, false) => format!("started again: {}\n", self.queues.join(", ")),
        }
    }
}
