//! `resque failed`: the failed jobs.

mod bulk;
mod list;
mod which;

use clap::{Args, Subcommand};
use resque::QueueName;

use self::which::{Filter, Which};
use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Changed, count};

/// Show, retry or remove failed jobs
#[derive(Debug, Args)]
pub(crate) struct Failed {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show them, the newest first (what `failed` alone does)
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        page: list::Paging,
    },
    /// Show everything about some, with backtraces
    Show {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Put some back into their queues; their records stay, marked with the time
    Retry {
        #[command(flatten)]
        which: Which,
        /// Into this queue instead
        #[arg(long, value_name = "QUEUE")]
        into: Option<QueueName>,
        /// Remove the records
        #[arg(long)]
        forget: bool,
        #[command(flatten)]
        sure: Sure,
    },
    /// Remove the records of some, by id or by what they say
    Remove {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        sure: Sure,
    },
    /// Remove all records
    Clear {
        #[command(flatten)]
        sure: Sure,
    },
}

impl Failed {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        match self.action {
            None => list::list(store, Filter::default(), list::Paging::default()).await,
            Some(Action::List { filter, page }) => list::list(store, filter, page).await,
            Some(Action::Show { ids }) => list::show(store, ids).await,
            Some(Action::Retry {
                which,
                into,
                forget,
                sure,
            }) => bulk::retry(store, which, into, forget, sure).await,
            Some(Action::Remove { which, sure }) => bulk::remove(store, which, sure).await,
            Some(Action::Clear { sure }) => clear(store, sure).await,
        }
    }
}

async fn clear(store: &Store, sure: Sure) -> Result<(), Failure> {
    let failures = store.client.failures()?;
    let number = failures.count().await?;
    sure.about(&format!("remove {}", count(number, "failed job")))?;
    let removed = failures.clear().await?;
    store
        .out
        .answer(&Changed::new(removed, "record", "removed"))
}
