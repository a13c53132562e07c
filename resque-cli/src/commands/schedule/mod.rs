//! `resque schedule`: jobs that come again and again.

mod definition;
mod list;

use std::collections::HashSet;

use clap::{Args, Subcommand};
use resque::ScheduleName;

use self::definition::Definition;
use super::enqueue::refused;
use super::named::Named;
use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::Changed;

/// Show, store or switch recurring jobs
///
/// These are the schedules that the store remembers; what a program declares in its code is known
/// once a worker has begun to follow it.
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
    /// Switch some on, which the store knows; what they missed does not run
    Enable {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Switch some off, which the store knows
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
                let named = named(&names, "removed")?;
                named
                    .each(store, async |name| schedules.remove(name).await)
                    .await
            }
            Some(Action::Enable { names }) => switch(store, &names, true).await,
            Some(Action::Disable { names }) => switch(store, &names, false).await,
            Some(Action::Run { name }) => run_now(store, &name).await,
        }
    }
}

/// Schedules by their names, all of which can be one: else nothing is done.
fn named<'a>(names: &'a [String], verb: &'static str) -> Result<Named<'a>, Failure> {
    for name in names {
        ScheduleName::new(name.as_str())?;
    }
    let noun = "schedule";
    Ok(Named { noun, verb, names })
}

/// Switches those that the store knows; another name is a slip of the pen.
async fn switch(store: &Store, names: &[String], on: bool) -> Result<(), Failure> {
    let named = named(names, if on { "switched on" } else { "switched off" })?;
    let schedules = store.client.schedules()?;
    let listed = schedules.list().await?;
    let known: HashSet<&str> = listed.iter().map(|one| one.name.as_str()).collect();
    let switch = async |name: &str| {
        match (known.contains(name), on) {
            (false, _) => return Ok(false),
            (true, true) => schedules.enable(name).await?,
            (true, false) => schedules.disable(name).await?,
        }
        Ok(true)
    };
    named.each(store, switch).await
}

async fn run_now(store: &Store, name: &str) -> Result<(), Failure> {
    let enqueued = store.client.schedules()?.enqueue_now(name).await?;
    let number = u64::from(enqueued.is_taken());
    store.out.answer(&Changed::new(number, "job", "enqueued"))?;
    refused(&enqueued)
}

#[cfg(test)]
mod tests {
    use resque::{Client, Hooks, Schedule};

    use super::*;
    use crate::output::Out;
    use crate::place::Place;

    #[tokio::test]
    async fn a_run_that_a_hook_refuses_is_not_done() {
        let place = Place::new("memory:schedule-run", None, None);
        let hooks = Hooks::new().before_enqueue("never", |_| async { Ok(false) });
        let client = Client::new(resque::connect(place.url()).await.unwrap());
        let client = client.with_hooks(hooks);
        let schedule = Schedule::raw("a", "A", &()).unwrap().queue("q").unwrap();
        client.schedules().unwrap().set(&schedule).await.unwrap();
        let out = Out::new(true);
        let store = Store { place, client, out };
        let refused = run_now(&store, "a").await.unwrap_err();
        assert!(matches!(&refused, Failure::Undone(why) if why.contains("before_enqueue")));
    }
}
