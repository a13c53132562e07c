//! The workspace's programs, as the tests have built them.

use std::path::PathBuf;

use crate::servers::CONTAINERS_FEATURE;
use crate::workspace::Workspace;
use crate::{Result, shell};

/// Where built programs stand.
#[derive(Debug)]
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Builds every program for debugging, with the features that the tests have: where those are
    /// built, there is only to link.
    pub(crate) fn build(workspace: &Workspace) -> Result<Self> {
        let features = workspace.features(&[], &[CONTAINERS_FEATURE]);
        // With the tests, whose dependencies ask for features too.
        let build = ["build", "--quiet", "--workspace", "--bins", "--tests"];
        shell::run(shell::cargo().args(build).args(["--features", &features]))?;
        Ok(Self(workspace.target().join("debug")))
    }

    /// The program of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}
