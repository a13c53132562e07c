//! The machine that a server runs on, as far as a test steers it.

use crate::container::Container;
use crate::local::Local;
use crate::{Error, Result, Source};

/// Where one server runs.
#[derive(Debug)]
pub(crate) enum Host {
    Environment,
    Container(Container),
    Local(Local),
}

impl Host {
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Environment => Source::Environment,
            Self::Container(_) => Source::Containers,
            Self::Local(_) => Source::Local,
        }
    }

    /// Ends the server at once, as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        match self {
            Self::Environment => Err(not_ours()),
            Self::Container(container) => container.kill(),
            Self::Local(local) => local.end(),
        }
    }

    /// Ends the server if it runs and starts it again; `ready` tells when it answers.
    pub(crate) fn restart(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        match self {
            Self::Environment => Err(not_ours()),
            Self::Container(container) => container.restart(ready),
            Self::Local(local) => {
                local.end()?;
                local.run_again(|_| ready())
            }
        }
    }

    /// Stops the server from doing anything while its connections stay open.
    pub(crate) fn pause(&mut self) -> Result<()> {
        match self {
            Self::Environment => Err(not_ours()),
            Self::Container(container) => container.pause(),
            Self::Local(local) => local.signal("STOP"),
        }
    }

    /// Lets a paused server go on.
    pub(crate) fn resume(&mut self) -> Result<()> {
        match self {
            Self::Environment => Err(not_ours()),
            Self::Container(container) => container.resume(),
            Self::Local(local) => local.signal("CONT"),
        }
    }
}

fn not_ours() -> Error {
    Error::new("a server that the environment names belongs to somebody else")
}
