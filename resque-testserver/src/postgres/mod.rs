//! Postgres servers for tests.

mod cluster;
mod disk;
mod pgbouncer;
mod ping;
mod server;

pub use disk::TinyDisk;
pub use pgbouncer::PgBouncer;
pub use server::{PostgresServer, shared_postgres};

use crate::Result;

/// Describes a private Postgres server: how it is set up, before it is started.
///
/// It does not wait for the disk: data survives [`PostgresServer::kill`], but not a crash of the machine.
///
/// ```no_run
/// let server = resque_testserver::Postgres::new().setting("max_connections", "10").start()?;
/// assert!(server.url().starts_with("postgres://"));
/// # Ok::<(), resque_testserver::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Postgres {
    password: Option<String>,
    settings: Vec<(String, String)>,
    on_this_machine: bool,
}

impl Postgres {
    /// Describes a server that trusts every client and listens on loopback only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every client for this password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets a parameter of `postgresql.conf`.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Takes a program of this machine even where containers are to be had: only these can be followed by a
    /// standby.
    pub fn on_this_machine(mut self) -> Self {
        self.on_this_machine = true;
        self
    }

    /// Starts the server and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// No way to a server is open here, or the server did not start; the text says what to do.
    pub fn start(self) -> Result<PostgresServer> {
        PostgresServer::start(self)
    }

    /// The command line behind the program's name, but for where it listens.
    fn arguments(&self) -> Vec<String> {
        // A commit still reaches the operating system, which outlives the server.
        let quick = ["fsync=off", "full_page_writes=off"];
        let quick = quick.into_iter().map(str::to_owned);
        let settings = self
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        quick
            .chain(settings)
            .flat_map(|setting| ["-c".to_owned(), setting])
            .collect()
    }
}
