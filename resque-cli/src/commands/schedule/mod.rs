//! `resque schedule`: jobs that come again and again.

mod definition;
mod list;

use clap::{Args, Subcommand};

use self::definition::Definition;
use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::Changed;

/// Show, store or switch recurring jobs
///
/// These are the schedules that the store remembers; what a program declares in its code is shown
/// once it has fired or was switched.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Schedules {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show all (what `schedule` alone does)
    List,
    /// Show everything about one, and its next runs
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Store one, or all of a file, instead of what has the same name
    Set(Box<Definition>),
    /// Forget some
    Remove {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        #[command(flatten)]
        sure: Sure,
    },
    /// Switch some on; what they missed does not run
    Enable {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Switch some off
    Disable {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Enqueue the job of one at once, besides its runs
    Run {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Schedules {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let schedules = store.client.schedules()?;
        match self.action {
            None | Some(Action::List) => list::list(store).await,
            Some(Action::Show { name }) => list::show(store, &name).await,
            Some(Action::Set(definition)) => {
                let all = definition.read()?;
                schedules.set_all(&all).await?;
                let number = all.len() as u64;
                store
                    .out
                    .answer(&Changed::new(number, "schedule", "stored"))
            }
            Some(Action::Remove { names, sure }) => {
                sure.about(&format!("forget {}", names.join(", ")))?;
                for name in &names {
                    if !schedules.remove(name).await? {
                        return Err(list::no_such(name));
                    }
                }
                let number = names.len() as u64;
                store
                    .out
                    .answer(&Changed::new(number, "schedule", "removed"))
            }
            Some(Action::Enable { names }) => switch(store, &names, true).await,
            Some(Action::Disable { names }) => switch(store, &names, false).await,
            Some(Action::Run { name }) => {
                let enqueued = schedules.enqueue_now(&name).await?;
                let number = u64::from(enqueued.is_taken());
                store.out.answer(&Changed::new(number, "job", "enqueued"))
            }
        }
    }
}

async fn switch(store: &Store, names: &[String], on: bool) -> Result<(), Failure> {
    let schedules = store.client.schedules()?;
    for name in names {
        if on {
            schedules.enable(name).await?;
        } else {
            schedules.disable(name).await?;
        }
    }
    let verb = if on { "switched on" } else { "switched off" };
    let number = names.len() as u64;
    store.out.answer(&Changed::new(number, "schedule", verb))
}
