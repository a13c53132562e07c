//! What the server is: its version, and whether it may throw jobs away.

use std::fmt;

use resque_core::{Error, Result};

use super::Connection;
use crate::driver::{Batch, Value};

/// The oldest Redis that is served: the first with access control, RESP3 and announcements of
/// changed keys.
pub const MINIMUM: Version = Version {
    major: 6,
    minor: 0,
    patch: 0,
};

/// A version of Redis, or the one that a compatible server claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

/// What a server tells about itself; what it keeps to itself is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Its version.
    pub version: Option<Version>,
    /// What it does when its memory is full.
    pub maxmemory_policy: Option<String>,
    /// Whether there is a limit to its memory.
    pub memory_is_limited: bool,
}

impl Server {
    /// Asks the server behind `connection`. An ACL may forbid it to answer.
    pub(super) async fn ask(connection: &Connection) -> Result<Self> {
        let mut batch = Batch::new();
        batch.command("INFO").arg("server");
        batch.command("INFO").arg("memory");
        let replies = connection.run(&batch).await;
        let replies = replies.map_err(|error| error.during("connect"))?;
        if let Some(Value::Error(error)) = replies.first()
            && (error.is_transient() || error.code() == "NOAUTH")
        {
            return Err(error.during(format!("connect on Redis at {}", connection.place())));
        }
        let texts = replies.iter().filter_map(Value::as_bytes);
        let info: Vec<u8> = texts.flat_map(|text| [text, b"\n"].concat()).collect();
        Ok(Self::read(&String::from_utf8_lossy(&info)))
    }

    /// Reads the text of `INFO`.
    fn read(info: &str) -> Self {
        let field = |name: &str| {
            let mut lines = info
                .lines()
                .filter_map(|line| line.trim_end().split_once(':'));
            lines.find_map(|(key, value)| (key == name).then_some(value))
        };
        Self {
            version: field("redis_version").and_then(Version::read),
            maxmemory_policy: field("maxmemory_policy").map(str::to_owned),
            memory_is_limited: field("maxmemory").is_some_and(|bytes| bytes != "0"),
        }
    }

    /// Refuses a server that is too old.
    pub(super) fn check(&self, place: &str) -> Result<()> {
        match self.version {
            Some(version) if version < MINIMUM => Err(Error::Rejected {
                what: format!("connect on Redis at {place}"),
                reason: format!(
                    "it is version {version}, and {MINIMUM} is the oldest that is served"
                ),
                transient: false,
            }),
            _ => Ok(()),
        }
    }

    /// Returns the policy by which the server throws keys away when its memory is full, if it does.
    #[must_use]
    pub fn evicts(&self) -> Option<&str> {
        let policy = self.maxmemory_policy.as_deref()?;
        (self.memory_is_limited && policy != "noeviction").then_some(policy)
    }
}

/// Warns of a server that evicts keys.
pub(super) fn warn_of_eviction(place: &str, policy: &str) {
    tracing::warn!(
        place,
        policy,
        "this Redis throws keys away when its memory is full, and jobs with them; \
         set its maxmemory-policy to noeviction"
    );
}

impl Version {
    /// Reads `7.0.15`, `7.2`, `8.0-rc1`; anything else is unknown.
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|part| {
            let digits = part
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or_default();
            digits.parse().ok()
        });
        Some(Self {
            major: numbers.next()??,
            minor: numbers.next().unwrap_or(Some(0))?,
            patch: numbers.next().unwrap_or(Some(0))?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (text, expected) in [
            ("7.0.15", Some((7, 0, 15))),
            ("7.2", Some((7, 2, 0))),
            ("8", Some((8, 0, 0))),
            ("8.0-rc1", Some((8, 0, 0))),
            ("6.2.14.1", Some((6, 2, 14))),
            ("255.255.255", Some((255, 255, 255))),
            ("unstable", None),
            ("", None),
            ("7.x", None),
            ("99999999999.0.0", None),
        ] {
            let version = Version::read(text).map(|v| (v.major, v.minor, v.patch));
            assert_eq!(version, expected, "{text}");
        }
        assert!(Version::read("5.0.14") < Some(MINIMUM));
        assert!(Version::read("6.0.0") >= Some(MINIMUM));
    }

    #[test]
    fn only_a_limit_makes_a_server_evict() {
        for (limit, policy, evicts) in [
            ("0", "allkeys-lru", false),
            ("1048576", "allkeys-lru", true),
            ("1048576", "volatile-ttl", true),
            ("1048576", "noeviction", false),
        ] {
            let info = format!("# Memory\r\nmaxmemory:{limit}\r\nmaxmemory_policy:{policy}\r\n");
            assert_eq!(
                Server::read(&info).evicts(),
                evicts.then_some(policy),
                "{info}"
            );
        }
        assert_eq!(Server::read("").evicts(), None);
    }

    #[test]
    fn an_old_server_is_refused_and_an_unknown_one_is_not() {
        let server = |version| Server::read(&format!("redis_version:{version}\r\n"));
        let error = server("5.0.14").check("h:1/0").unwrap_err().to_string();
        assert!(
            error.contains("5.0.14") && error.contains("6.0.0"),
            "{error}"
        );
        server("7.0.15").check("h:1/0").unwrap();
        Server::default().check("h:1/0").unwrap();
    }
}
