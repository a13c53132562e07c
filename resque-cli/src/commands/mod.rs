//! The commands, one module each.

mod dev;
mod migrate;

use clap::Subcommand;

use crate::failure::Failure;

/// What `resque` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Dev(dev::Dev),
    Migrate(migrate::Migrate),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Dev(dev) => dev.run(),
            Self::Migrate(migrate) => migrate.run(),
        }
    }
}
