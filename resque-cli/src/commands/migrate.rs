//! `resque migrate`: the tables of a Postgres store.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use resque::postgres::{Config, MigrationStatus, Migrator};
use tokio::runtime;

use crate::failure::Failure;

/// Make, look at or undo the tables of a store on Postgres
///
/// Without a word behind it, it makes what is missing. Any number of processes may do so at the same
/// time; other stores need no tables.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    action: Option<Action>,

    /// The store: postgres://[user[:password]@]host[:port]/database[?namespace=SCHEMA]
    #[arg(
        long,
        value_name = "URL",
        env = "RESQUE_URL",
        hide_env_values = true,
        global = true
    )]
    url: Option<String>,
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
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::parse(&self.url.ok_or_else(|| {
            Failure::from(resque::Error::InvalidSetting {
                setting: "--url".to_owned(),
                reason: "name the store, postgres://host/database; or set RESQUE_URL".to_owned(),
            })
        })?)?;
        let (namespace, place) = (config.namespace().to_owned(), config.place().to_owned());
        let migrator = Migrator::new(config);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Failure::Terminal {
                doing: "start a runtime",
                source,
            })?;
        let action = self.action.unwrap_or(Action::Up { to: None });
        let text = runtime.block_on(async {
            let up = |count| format!("{count} made in schema {namespace} on {place}\n");
            Ok::<_, resque::Error>(match action {
                Action::Up { to: None } => up(migrator.up().await?),
                Action::Up { to: Some(version) } => up(migrator.up_to(version).await?),
                Action::Down { to, yes: _ } => {
                    let count = migrator.down_to(to).await?;
                    format!("{count} undone in schema {namespace} on {place}\n")
                }
                Action::Status => migrator.status().await?.iter().map(line).collect(),
            })
        })?;
        let told = io::stdout().write_all(text.as_bytes());
        told.map_err(|source| Failure::Terminal {
            doing: "write to the terminal",
            source,
        })
    }
}

/// A migration in one line: its name, which begins with the version, and its state.
fn line(migration: &MigrationStatus) -> String {
    let state = match (migration.applied, migration.known) {
        (Some(_), true) => "made",
        (Some(_), false) => "made by a newer version of this program",
        (None, _) => "missing",
    };
    format!("{}\t{state}\n", migration.name)
}
