//! Errors that the server answers, and what they mean for the caller.

use std::fmt;

use resque_core::Error;

/// An error reply: its first word names the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    line: String,
}

/// What an error reply means for whoever sent the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The server cannot do it now, but may later: it loads, is a replica, is out of memory, is
    /// busy.
    Transient,
    /// The server does not allow it: credentials are missing or wrong, or the ACL forbids the
    /// command.
    Forbidden,
    /// A key holds something of another type.
    WrongType,
    /// The script is not loaded.
    UnknownScript,
    /// The server is a node of a cluster, which this crate does not speak to.
    Cluster,
    /// The command itself is wrong or failed in a way that trying again will not change.
    Permanent,
}

/// Every kind of error reply with a meaning of its own. None of them is answered after a part of a
/// single command ran.
const CLASSES: &[(&str, ErrorClass)] = &[
    ("BUSY", ErrorClass::Transient),
    ("CLUSTERDOWN", ErrorClass::Transient),
    ("LOADING", ErrorClass::Transient),
    ("MASTERDOWN", ErrorClass::Transient),
    ("MISCONF", ErrorClass::Transient),
    ("NOREPLICAS", ErrorClass::Transient),
    ("OOM", ErrorClass::Transient),
    ("READONLY", ErrorClass::Transient),
    ("TRYAGAIN", ErrorClass::Transient),
    ("UNKILLABLE", ErrorClass::Transient),
    ("DENIED", ErrorClass::Forbidden),
    ("NOAUTH", ErrorClass::Forbidden),
    ("NOPERM", ErrorClass::Forbidden),
    ("WRONGPASS", ErrorClass::Forbidden),
    ("WRONGTYPE", ErrorClass::WrongType),
    ("NOSCRIPT", ErrorClass::UnknownScript),
    ("ASK", ErrorClass::Cluster),
    ("CROSSSLOT", ErrorClass::Cluster),
    ("MOVED", ErrorClass::Cluster),
];

/// Plain `ERR` replies that pass by themselves, by how they begin.
const TRANSIENT_ERR: &[&str] = &[
    "ERR max number of clients",
    "ERR DISABLED",
    "ERR Server is shutting down",
];

impl ServerError {
    /// Creates the error from the line that the server sent, without the leading `-`.
    #[must_use]
    pub fn from_line(line: impl Into<String>) -> Self {
        Self { line: line.into() }
    }

    /// Returns the first word, for instance `WRONGTYPE`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// Returns what the error means for the caller.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        if TRANSIENT_ERR
            .iter()
            .any(|start| self.line.starts_with(start))
        {
            return ErrorClass::Transient;
        }
        let known = CLASSES.iter().find(|(code, _)| *code == self.code());
        known.map_or(ErrorClass::Permanent, |(_, class)| *class)
    }

    /// Turns this into the workspace's error; `what` says what was being done and where.
    #[must_use]
    pub fn during(&self, what: impl Into<String>) -> Error {
        Error::Rejected {
            what: what.into(),
            reason: self.line.clone(),
            transient: self.is_transient(),
        }
    }

    /// Tells whether the same command may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.class() == ErrorClass::Transient
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_real_servers_are_classified() {
        use ErrorClass::*;
        for (line, class) in [
            ("LOADING Redis is loading the dataset in memory", Transient),
            (
                "READONLY You can't write against a read only replica.",
                Transient,
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                Transient,
            ),
            (
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                Transient,
            ),
            ("BUSY Redis is busy running a script.", Transient),
            (
                "MISCONF Redis is configured to save RDB snapshots",
                Transient,
            ),
            ("ERR max number of clients reached", Transient),
            ("NOAUTH Authentication required.", Forbidden),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                Forbidden,
            ),
            (
                "NOPERM this user has no permissions to run the 'get' command",
                Forbidden,
            ),
            (
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                WrongType,
            ),
            (
                "NOSCRIPT No matching script. Please use EVAL.",
                UnknownScript,
            ),
            ("MOVED 3999 127.0.0.1:6381", Cluster),
            (
                "CROSSSLOT Keys in request don't hash to the same slot",
                Cluster,
            ),
            ("ERR unknown command 'FOO'", Permanent),
            (
                "EXECABORT Transaction discarded because of previous errors.",
                Permanent,
            ),
            ("", Permanent),
        ] {
            assert_eq!(ServerError::from_line(line).class(), class, "{line}");
        }
    }
}
