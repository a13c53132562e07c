//! Where the server is and which schema is meant.

mod libpq;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use resque_core::{Error, Result};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use self::libpq::{OF_LIBPQ, is_default};
use crate::schema::Schema;
use crate::session::Sessions;

/// How long connecting may take unless set otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take unless set otherwise.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// How many connections at most unless set otherwise.
const MAX_CONNECTIONS: u32 = 8;

/// What `sqlx` reads in a URL by itself.
const OF_THE_DRIVER: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where a Postgres server is, how to log in, and which schema holds the jobs.
///
/// ```
/// use resque_postgres::Config;
///
/// let url = Config::parse("postgres://worker:secret@db.example/shop?namespace=jobs")?;
/// assert_eq!(url.namespace(), "jobs");
/// assert_eq!(url.place(), "db.example:5432/shop");
/// assert!(!format!("{url:?}").contains("secret"));
/// # Ok::<(), resque_core::Error>(())
/// ```
///
/// | query parameter | default |
/// |---|---|
/// | `namespace` (the schema) | `resque` |
/// | `max_connections` | 8 for each client and each worker, and one that listens |
/// | `connect_timeout`, `response_timeout` (`5`, `5s`, `500ms`) | 5 s, 30 s |
/// | `sessions=own\|shared` | found out when connecting; `shared` behind a pooler that lends a session to each transaction |
/// | `announcements=listen\|poll` | `listen`; always `poll` where sessions are shared |
/// | `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `host`, `application_name`, `options` | as in `libpq` |
#[derive(Clone)]
pub struct Config {
    pub(crate) options: PgConnectOptions,
    pub(crate) schema: Schema,
    pub(crate) max_connections: u32,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) listen: bool,
    /// Whose sessions they are, where somebody has said so.
    pub(crate) sessions: Option<Sessions>,
}

impl Config {
    /// Reads a URL, `postgres://[user[:password]@]host[:port]/database[?parameters]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`], which names the part that is wrong and never shows the password.
    pub fn parse(url: &str) -> Result<Self> {
        if url.contains("%00") || url.contains('\0') {
            return Err(invalid("URL", "it contains NUL, which no part of it can"));
        }
        // The parser's messages speak of the kind of mistake only, so no password can get into ours.
        let mut url = Url::parse(url).map_err(|error| invalid("URL", error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            let reason = format!("`{}` is none of postgres and postgresql", url.scheme());
            return Err(invalid("scheme", reason));
        }
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for (name, value) in url.query_pairs() {
            let pair = (name.into_owned(), value.into_owned());
            if OF_THE_DRIVER.contains(&&*pair.0) || pair.0.starts_with("options[") {
                theirs.push(pair);
            } else {
                ours.push(pair);
            }
        }
        url.set_query(None);
        if !theirs.is_empty() {
            url.query_pairs_mut().extend_pairs(&theirs);
        }
        let options = PgConnectOptions::from_url(&url).map_err(|_| {
            let names: Vec<_> = theirs.iter().map(|(name, _)| &**name).collect();
            let reason = format!(
                "user, host, port, database or one of {names:?} cannot be read; names with special \
                 characters are written with percent signs"
            );
            invalid("URL", reason)
        })?;
        let mut config = Self::new(options);
        for (name, value) in &ours {
            config.set(name, value)?;
        }
        Ok(config)
    }

    /// Describes the server that the driver's own options name, the schema `resque`.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the name of the default schema is one"
    )]
    pub fn new(options: PgConnectOptions) -> Self {
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("resque"),
        };
        Self {
            // PgBouncer lets nobody in who asks for the digits of floats, and we have none.
            options: options.disable_statement_logging().extra_float_digits(None),
            schema: Schema::new("resque").expect("the default name is a name"),
            max_connections: MAX_CONNECTIONS,
            connect_timeout: CONNECT_TIMEOUT,
            response_timeout: RESPONSE_TIMEOUT,
            listen: true,
            sessions: None,
        }
    }

    /// Keeps everything in this schema instead of `resque`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] for a name that no schema can have.
    pub fn with_namespace(mut self, schema: impl AsRef<str>) -> Result<Self> {
        self.schema = Schema::new(schema.as_ref())?;
        Ok(self)
    }

    /// Opens at most so many connections for statements, at least one.
    #[must_use]
    pub fn with_max_connections(mut self, count: u32) -> Self {
        self.max_connections = count.max(1);
        self
    }

    /// Gives up connecting, login included, after this time.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Gives up waiting for answers after this time; what was asked may still happen.
    #[must_use]
    pub fn with_response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Says whether a connection of its own listens for new jobs; without it workers ask for them
    /// at intervals.
    #[must_use]
    pub fn with_announcements(mut self, listen: bool) -> Self {
        self.listen = listen;
        self
    }

    /// Says whether a pooler, such as PgBouncer in transaction mode, lends sessions to transactions;
    /// unless it is said, connecting finds out.
    ///
    /// Where they are shared nothing stays prepared, each statement is in a transaction that is begun
    /// for it, and nobody listens.
    #[must_use]
    pub fn with_shared_sessions(mut self, shared: bool) -> Self {
        self.sessions = Some(match shared {
            true => Sessions::Shared,
            false => Sessions::Own,
        });
        self
    }

    /// Returns the name of the schema, `resque` unless set.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.schema.name()
    }

    /// Returns the server's place as shown in messages: `host:port/database`.
    #[must_use]
    pub fn place(&self) -> String {
        place(&self.options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "namespace" => self.schema = Schema::new(value)?,
            "max_connections" => match value.parse() {
                Ok(count) if count > 0 => self.max_connections = count,
                _ => return Err(invalid(name, "it has to be a number, at least 1")),
            },
            "connect_timeout" => self.connect_timeout = duration(name, value)?,
            "response_timeout" => self.response_timeout = duration(name, value)?,
            "announcements" => match value {
                "listen" => self.listen = true,
                "poll" => self.listen = false,
                _ => return Err(invalid(name, "it is either `listen` or `poll`")),
            },
            "sessions" => match value {
                "own" => self.sessions = Some(Sessions::Own),
                "shared" => self.sessions = Some(Sessions::Shared),
                _ => return Err(invalid(name, "it is either `own` or `shared`")),
            },
            _ if is_default(name, value) => {}
            _ if OF_LIBPQ.contains(&name) => {
                return Err(invalid(
                    name,
                    "this parameter of libpq is not supported; leave it out",
                ));
            }
            _ => {
                let reason = format!(
                    "the parameter {name:?} is none of namespace, max_connections, connect_timeout, \
                     response_timeout, sessions, announcements and those of libpq"
                );
                return Err(invalid("query", reason));
            }
        }
        Ok(())
    }
}

/// The place of a server as shown in messages.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    let database = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

fn duration(name: &str, text: &str) -> Result<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds: Option<f64> = number.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds * unit).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            invalid(
                name,
                format!("{text:?} is no time; write `5`, `5s` or `500ms`"),
            )
        })
}

/// The error for one part of the configuration.
pub(crate) fn invalid(part: &str, reason: impl Into<String>) -> Error {
    Error::InvalidSetting {
        setting: format!("Postgres connection, {part}"),
        reason: reason.into(),
    }
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        Self::parse(url)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("place", &self.place())
            .field("namespace", &self.namespace())
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_the_others_left_to_the_driver() {
        let config = Config::parse(
            "postgresql://u@h:6543/db?namespace=My%20Shop&sslmode=disable&max_connections=3\
             &connect_timeout=250ms&response_timeout=2&announcements=poll&sessions=shared",
        )
        .unwrap();
        assert_eq!(
            (config.namespace(), &*config.place()),
            ("My Shop", "h:6543/db")
        );
        assert_eq!(config.max_connections, 3);
        assert_eq!(config.connect_timeout, Duration::from_millis(250));
        assert_eq!(config.response_timeout, Duration::from_secs(2));
        assert!(!config.listen);
        assert_eq!(config.sessions, Some(Sessions::Shared));
    }

    #[test]
    fn what_makes_no_sense_is_refused_without_showing_the_password() {
        for (url, part) in [
            ("mysql://u:secret@h/db", "scheme"),
            ("postgres://u:secret@h/db?namespace=", "namespace"),
            ("postgres://u:secret@h/db?namespace=pg_x", "namespace"),
            (
                "postgres://u:secret@h/db?max_connections=0",
                "max_connections",
            ),
            (
                "postgres://u:secret@h/db?connect_timeout=soon",
                "connect_timeout",
            ),
            (
                "postgres://u:secret@h/db?announcements=shout",
                "announcements",
            ),
            ("postgres://u:secret@h/db?sessions=ours", "sessions"),
            ("postgres://u:secret@h/db%00x", "NUL"),
            ("postgres://u:secret%00x@h/db", "NUL"),
            ("postgres://u:secret@h/db?databse=x", "databse"),
            ("postgres://u:secret@h/db?sslmode=maybe", "sslmode"),
            ("postgres://u:secret@h:port/db", "URL"),
        ] {
            let error = Config::parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
