//! Redis servers for tests.

mod ping;
mod server;

pub use server::{RedisServer, shared_redis};

use std::path::Path;

use crate::Result;
use crate::certificates::Files;

/// Describes a private Redis server: how it is set up, before it is started.
///
/// Without any setting it holds everything in memory, so that a restart leaves it empty.
///
/// ```no_run
/// let server = resque_testserver::Redis::new().max_memory("2mb", "noeviction").start()?;
/// assert!(server.url().starts_with("redis://"));
/// # Ok::<(), resque_testserver::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Redis {
    password: Option<String>,
    append_only: bool,
    tls: bool,
    more: Vec<String>,
}

impl Redis {
    /// Describes a server with no password, no persistence and no TLS.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every client for this password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Writes every change to disk before it answers, so that a restart finds what was there.
    pub fn append_only(mut self) -> Self {
        self.append_only = true;
        self
    }

    /// Limits the memory (`2mb`, or bytes) and names what happens at the limit (`noeviction`, …).
    pub fn max_memory(self, limit: &str, policy: &str) -> Self {
        self.argument("--maxmemory")
            .argument(limit)
            .argument("--maxmemory-policy")
            .argument(policy)
    }

    /// Serves TLS too, on a second port; see [`RedisServer::tls_url`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Adds a word to the command line of `redis-server`.
    pub fn argument(mut self, word: impl Into<String>) -> Self {
        self.more.push(word.into());
        self
    }

    /// Starts the server and waits until it takes commands.
    ///
    /// # Errors
    ///
    /// No way to a server is open here, or the server did not start; the text says what to do.
    pub fn start(self) -> Result<RedisServer> {
        RedisServer::start(self)
    }

    /// The command line behind the program's name, but for where it listens.
    fn arguments(&self, tls: Option<(u16, &Files)>) -> Vec<String> {
        let append_only = if self.append_only { "yes" } else { "no" };
        let mut words: Vec<String> = [
            "--save",
            "",
            "--appendonly",
            append_only,
            "--appendfsync",
            "always",
        ]
        .map(String::from)
        .into();
        if let Some(password) = &self.password {
            words.extend(["--requirepass", password].map(String::from));
        }
        if let Some((port, files)) = tls {
            let path = |path: &Path| path.display().to_string();
            words.extend(["--tls-port".to_owned(), port.to_string()]);
            words.extend(["--tls-auth-clients", "no"].map(String::from));
            words.extend(["--tls-ca-cert-file".to_owned(), path(&files.authority)]);
            words.extend(["--tls-cert-file".to_owned(), path(&files.certificate)]);
            words.extend(["--tls-key-file".to_owned(), path(&files.key)]);
        }
        words.extend_from_slice(&self.more);
        words
    }
}
