//! Servers in containers.

#[cfg(not(feature = "containers"))]
mod absent;
#[cfg(feature = "containers")]
mod present;

use std::path::PathBuf;

#[cfg(not(feature = "containers"))]
pub(crate) use absent::Container;
#[cfg(feature = "containers")]
pub(crate) use present::Container;

/// What to run, and how this machine reaches it.
#[cfg_attr(
    not(feature = "containers"),
    expect(dead_code, reason = "nothing reads it there")
)]
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) name: &'static str,
    pub(crate) tag: String,
    pub(crate) command: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    /// Pairs of a port of this machine and the container's port it leads to. The former are chosen here and
    /// not by Docker, because Docker would choose others at each restart.
    pub(crate) ports: Vec<(u16, u16)>,
    /// Pairs of a file of this machine and where the container finds a copy.
    pub(crate) files: Vec<(PathBuf, String)>,
}

impl Image {
    /// The image `name` with the tag that `variable` holds, or else `tag`.
    pub(crate) fn new(name: &'static str, variable: &str, tag: &str) -> Self {
        let tag = std::env::var(variable).unwrap_or_else(|_| tag.to_owned());
        let (command, variables, ports, files) = Default::default();
        Self {
            name,
            tag,
            command,
            variables,
            ports,
            files,
        }
    }
}
