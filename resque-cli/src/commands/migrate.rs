//! `resque migrate`: the tables of a Postgres store.

use clap::{Args, Subcommand};
use resque::postgres::{Config, MigrationStatus, Migrator};
use serde::Serialize;

use crate::context::{Context, runtime};
use crate::failure::Failure;
use crate::output::Answer;
use crate::times::stamp;

/// Make, look at or undo the tables of a store on Postgres
///
/// Without a word behind it, it makes what is missing. Any number of processes may do so at the same
/// time; other stores need no tables.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Makes what is missing; what is there already stays
    Up {
        /// No further than this version
        #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(i32).range(0..))]
        to: Option<i32>,
    },
    /// Undoes what is behind a version; 0 removes everything, with all jobs
    Down {
        /// The version that stays
        #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(i32).range(0..))]
        to: i32,
        /// Do it: jobs may be lost
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Tells what has been made; changes nothing
    Status,
}

impl Migrate {
    /// Does what was asked for, and tells it.
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        let config = Config::parse(context.global.place()?.url())?;
        let place = format!("schema {} on {}", config.namespace(), config.place());
        let migrator = Migrator::new(config);
        let out = context.out();
        let action = self.action.unwrap_or(Action::Up { to: None });
        runtime()?.block_on(async {
            match action {
                Action::Up { to: None } => {
                    let count = migrator.up().await?;
                    out.answer(&Moved::new(count, "made", place))
                }
                Action::Up { to: Some(version) } => {
                    let count = migrator.up_to(version).await?;
                    out.answer(&Moved::new(count, "made", place))
                }
                Action::Down { to, yes: _ } => {
                    let count = migrator.down_to(to).await?;
                    out.answer(&Moved::new(count, "undone", place))
                }
                Action::Status => {
                    let migrations = migrator.status().await?;
                    let migrations = migrations.into_iter().map(Migration::from);
                    out.answer(&Migrations {
                        migrations: migrations.collect(),
                    })
                }
            }
        })
    }
}

/// How many migrations were made or undone.
#[derive(Debug, Serialize)]
struct Moved {
    count: usize,
    #[serde(skip)]
    verb: &'static str,
    #[serde(skip)]
    place: String,
}

impl Moved {
    fn new(count: usize, verb: &'static str, place: String) -> Self {
        Self { count, verb, place }
    }
}

impl Answer for Moved {
    fn text(&self) -> String {
        format!("{} {} in {}\n", self.count, self.verb, self.place)
    }
}

#[derive(Debug, Serialize)]
struct Migrations {
    migrations: Vec<Migration>,
}

/// One migration; its name begins with its version.
#[derive(Debug, Serialize)]
struct Migration {
    name: String,
    applied: Option<String>,
    known: bool,
    changed: bool,
}

impl From<MigrationStatus> for Migration {
    fn from(status: MigrationStatus) -> Self {
        Self {
            name: status.name.to_string(),
            applied: status.applied.map(stamp),
            known: status.known,
            changed: status.changed,
        }
    }
}

impl Answer for Migrations {
    fn text(&self) -> String {
        self.migrations.iter().map(line).collect()
    }
}

/// A migration in one line: its name, which begins with the version, and its state.
fn line(migration: &Migration) -> String {
    let state = match (&migration.applied, migration.known) {
        (Some(_), true) if migration.changed => "made in another form than this program's",
        (Some(_), true) => "made",
        (Some(_), false) => "made by a newer version of this program",
        (None, _) => "missing",
    };
    format!("{}\t{state}\n", migration.name)
}
