//! The id of a worker, ours or foreign.

use std::sync::Arc;

use crate::checked_text::checked_text;
use crate::{Error, Result};

/// The id of one worker slot, as it stands in the registry: `<host>:<pid>:<queues>`.
///
/// Ours are `<host>~<token>:<pid>-<slot>:<queues>`: the token is new in each life of a process,
/// so that no restarted or cloned container ever reuses an id. Cloning is cheap.
///
/// ```
/// use resque_core::WorkerId;
///
/// let id: WorkerId = "web1~k3x9q:4711-0:high,low".parse()?;
/// assert_eq!((id.host(), id.pid(), id.queues()), ("web1", "4711-0", "high,low"));
/// assert!(id.is_ours());
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(Arc<str>);

checked_text!(WorkerId);

impl WorkerId {
    /// Checks and takes an id of at least three parts, none of them empty.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidWorkerId`] when a part is missing, because Ruby's pages and workers stop
    /// at such an id.
    pub fn new(id: impl AsRef<str>) -> Result<Self> {
        let id = id.as_ref();
        match flaw(id) {
            Some(reason) => Err(Error::InvalidWorkerId {
                id: id.to_owned(),
                reason,
            }),
            None => Ok(Self(id.into())),
        }
    }

    /// Composes one of our ids.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidWorkerId`] when host, token or queues are empty or contain a colon where
    /// none may be.
    pub fn compose(host: &str, token: &str, pid: u32, slot: usize, queues: &str) -> Result<Self> {
        Self::new(format!("{host}~{token}:{pid}-{slot}:{queues}"))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, in ours with the token behind `~` left out.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.part(0);
        host.split_once('~').map_or(host, |(host, _)| host)
    }

    /// The token of our ids, new in each life of a process.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.part(0).split_once('~').map(|(_, token)| token)
    }

    /// The text of the second part: a process id, in ours `<pid>-<slot>`.
    #[must_use]
    pub fn pid(&self) -> &str {
        self.part(1)
    }

    /// The queue list, joined by commas.
    #[must_use]
    pub fn queues(&self) -> &str {
        self.part(2)
    }

    /// Whether this library made the id, whatever process uses it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.token().is_some_and(|token| !token.is_empty()) && self.pid().contains('-')
    }

    fn part(&self, n: usize) -> &str {
        self.0.splitn(3, ':').nth(n).unwrap_or_default()
    }
}

fn flaw(id: &str) -> Option<&'static str> {
    let mut parts = id.splitn(3, ':');
    let empty = |part: Option<&str>| part.is_none_or(str::is_empty);
    if id.chars().any(char::is_control) {
        Some("it contains a control character")
    } else if empty(parts.next()) {
        Some("its host is empty")
    } else if empty(parts.next()) {
        Some("it has no process id; the shape is host:pid:queues")
    } else if empty(parts.next()) {
        Some("it has no queues; the shape is host:pid:queues")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_names_with_colons_survive() {
        let id = WorkerId::new("host:1:a:b,c").unwrap();
        assert_eq!((id.host(), id.pid(), id.queues()), ("host", "1", "a:b,c"));
        assert!(!id.is_ours());
    }

    #[test]
    fn ours_are_told_from_foreign_ones() {
        let id = WorkerId::compose("web1", "k3x9q", 4711, 3, "*").unwrap();
        assert_eq!(id.as_str(), "web1~k3x9q:4711-3:*");
        assert_eq!(
            (id.host(), id.token(), id.is_ours()),
            ("web1", Some("k3x9q"), true)
        );
        assert!(!WorkerId::new("gohost:4711-3:high").unwrap().is_ours());
    }

    #[test]
    fn ids_that_would_break_rubys_pages_are_refused() {
        for id in [
            "",
            "host",
            "host:1",
            "host:1:",
            ":1:q",
            "host::q",
            "host:1:a\nb",
        ] {
            assert!(WorkerId::new(id).is_err(), "{id:?}");
        }
    }
}
