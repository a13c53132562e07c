//! Where the server is and how to talk to it.

mod kind;
mod server_string;
mod text;
mod tls;
mod url;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use resque_core::{Error, FailureLayout, Result};

pub use kind::{DriverKind, Protocol};
use text::bracketed;
pub use tls::Tls;

/// The port of a Redis server unless another one is given.
pub const DEFAULT_PORT: u16 = 6379;

/// How long connecting may take unless set otherwise.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a reply may take unless set otherwise.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a Redis server is, how to log in, and what to expect of it.
///
/// From a URL, from one of Resque's own strings, or piece by piece:
///
/// ```
/// use resque_redis::Config;
///
/// let url = Config::parse("redis://worker:secret@redis.example/2?namespace=shop")?;
/// let resque = Config::parse("redis.example:6379:2/shop")?;
/// let built = Config::tcp("redis.example", 6379)
///     .with_user("worker")
///     .with_password("secret")
///     .with_database(2)
///     .with_namespace("shop");
/// assert_eq!(url, built);
/// assert_eq!(resque.namespace(), "shop");
/// assert_eq!(url.to_string(), "redis://worker@redis.example:6379/2?namespace=shop");
/// # Ok::<(), resque_core::Error>(())
/// ```
///
/// | URL | meaning |
/// |---|---|
/// | `redis://[user:password@]host[:port][/db]` | TCP |
/// | `rediss://…` | TLS |
/// | `unix:///path[?db=n&user=u&password=p]`, `redis+unix:///path` | Unix socket |
///
/// | query parameter | default |
/// |---|---|
/// | `namespace` | `resque` |
/// | `protocol=resp2\|resp3` | RESP2 for commands, RESP3 for waiting where the server knows it |
/// | `connect_timeout`, `response_timeout` (`5`, `0.5`, `5s`, `500ms`) | 5 s, 10 s |
/// | `driver=redis\|fred` | `redis` if built in |
/// | `failures=redis\|redis_multi_queue` | `redis`: all in one list |
/// | `client_name` | `resque` |
/// | `tls_ca`, `tls_cert`, `tls_key` (PEM files, `rediss` only) | the system's authorities, no certificate |
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    pub(crate) address: Address,
    pub(crate) tls: Option<Tls>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: u32,
    pub(crate) namespace: String,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) client_name: String,
    pub(crate) driver: DriverKind,
    pub(crate) failures: FailureLayout,
}

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Config {
    /// Describes the server at `host` and `port`, without TLS.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::at(Address::Tcp {
            host: host.into(),
            port,
        })
    }

    /// Describes the server behind a Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::at(Address::Unix(path.into()))
    }

    /// Reads a URL or one of Resque's own strings, `host[:port[:db]][/namespace]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`], which names the part that is wrong and never shows the password.
    pub fn parse(text: &str) -> Result<Self> {
        let config = if text.contains("://") || text.starts_with("unix:") {
            url::parse(text)?
        } else {
            server_string::parse(text)?
        };
        config.check()?;
        Ok(config)
    }

    fn at(address: Address) -> Self {
        Self {
            address,
            tls: None,
            user: None,
            password: None,
            database: 0,
            namespace: "resque".to_owned(),
            protocol: None,
            connect_timeout: CONNECT_TIMEOUT,
            response_timeout: RESPONSE_TIMEOUT,
            client_name: "resque".to_owned(),
            driver: DriverKind::default(),
            failures: FailureLayout::default(),
        }
    }

    /// Uses TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Logs in as this user of the ACL.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Logs in with this password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Uses the database of this number instead of 0.
    #[must_use]
    pub fn with_database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// Puts all keys under this namespace instead of `resque`.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Speaks this version of the protocol on every connection.
    #[must_use]
    pub fn with_protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// Gives up connecting, login included, after this time.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Gives up waiting for replies after this time; what was asked may still happen.
    #[must_use]
    pub fn with_response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Appears under this name in the server's `CLIENT LIST`.
    #[must_use]
    pub fn with_client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = name.into();
        self
    }

    /// Uses this client crate.
    #[must_use]
    pub fn with_driver(mut self, driver: DriverKind) -> Self {
        self.driver = driver;
        self
    }

    /// Keeps failures this way. All processes of a fleet have to agree on it.
    #[must_use]
    pub fn with_failures(mut self, layout: FailureLayout) -> Self {
        self.failures = layout;
        self
    }

    /// Returns the namespace of all keys, `resque` unless set.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the server's place as shown in messages: `host:port/db` or `unix:path`.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.address {
            Address::Tcp { host, port } => format!("{}:{port}/{}", bracketed(host), self.database),
            Address::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// Refuses what no server could be asked for.
    pub(crate) fn check(&self) -> Result<()> {
        if self.namespace.is_empty() {
            return Err(invalid(
                "namespace",
                "it is empty; leave it out for `resque`",
            ));
        }
        for (part, timeout) in [
            ("connect_timeout", self.connect_timeout),
            ("response_timeout", self.response_timeout),
        ] {
            if timeout.is_zero() {
                return Err(invalid(part, "with no time at all every call fails"));
            }
        }
        if self
            .client_name
            .bytes()
            .any(|byte| !(b'!'..=b'~').contains(&byte))
        {
            return Err(invalid(
                "client_name",
                "Redis takes visible ASCII without spaces only",
            ));
        }
        if self.user.is_some() && self.password.is_none() {
            return Err(invalid("password", "a user is given, but no password"));
        }
        if self.tls.is_some() && matches!(self.address, Address::Unix(_)) {
            return Err(invalid("TLS", "a Unix socket has none"));
        }
        Ok(())
    }
}

impl Default for Config {
    /// Describes `localhost:6379`, database 0, namespace `resque`.
    fn default() -> Self {
        Self::tcp("localhost", DEFAULT_PORT)
    }
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// The error for one part of the configuration.
pub(crate) fn invalid(part: &str, reason: impl Into<String>) -> Error {
    Error::InvalidSetting {
        setting: format!("Redis connection, {part}"),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_local_server() {
        assert_eq!(
            Config::default().to_string(),
            "redis://localhost:6379/0?namespace=resque"
        );
        assert_eq!(Config::default().place(), "localhost:6379/0");
    }

    #[test]
    fn settings_without_sense_are_refused() {
        for (config, part) in [
            (Config::default().with_namespace(""), "namespace"),
            (
                Config::default().with_connect_timeout(Duration::ZERO),
                "connect_timeout",
            ),
            (
                Config::default().with_response_timeout(Duration::ZERO),
                "response_timeout",
            ),
            (
                Config::default().with_client_name("two words"),
                "client_name",
            ),
            (Config::default().with_user("worker"), "password"),
            (Config::unix("/s").with_tls(Tls::new()), "TLS"),
        ] {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
