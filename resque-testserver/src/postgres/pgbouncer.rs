//! A pooler in front of a Postgres server.

use std::fs;
use std::path::Path;

use super::cluster::User;
use super::{PostgresServer, ping};
use crate::local::{Home, Launch, Local};
use crate::{Error, Result, find_program};

const LOOPBACK: &str = "127.0.0.1";
/// Ends PgBouncer at once.
const END: &str = "KILL";

/// A PgBouncer of this machine in transaction mode, which ends when this value is dropped or the test
/// process ends.
///
/// A session of the server is lent to one transaction after another, whoever's they are; there are few of
/// them, so that clients get each other's. It lets everybody in and takes no more liberties than its
/// defaults do.
///
/// ```no_run
/// use resque_testserver::{PgBouncer, Postgres};
///
/// let server = Postgres::new().start()?;
/// let pooler = PgBouncer::before(&server, &[])?;
/// assert_ne!(pooler.url(), server.url());
/// # Ok::<(), resque_testserver::Error>(())
/// ```
#[derive(Debug)]
pub struct PgBouncer {
    url: String,
    // Ends the pooler when it is dropped.
    _local: Local,
}

impl PgBouncer {
    /// Starts a pooler in front of `server`, with further lines of `pgbouncer.ini`.
    ///
    /// # Errors
    ///
    /// There is no `pgbouncer`, the server is not ours, or the pooler did not start; the text says what to
    /// do.
    pub fn before(server: &PostgresServer, settings: &[&str]) -> Result<Self> {
        let program = find_program("pgbouncer").ok_or_else(|| {
            Error::new(
                "there is no `pgbouncer` (Debian: apt-get install pgbouncer; macOS: brew install \
                 pgbouncer). `cargo xtask test` installs what is missing on Debian.",
            )
        })?;
        let (address, server_port) = server.place()?;
        let user = User::unless_harmless()?;
        let home = Home::new(END)?;
        let launch = |home: &Path, port: u16| {
            let file = home.join("pgbouncer.ini");
            let text = configuration((address, server_port), port, settings);
            fs::write(&file, text)
                .map_err(|cause| Error::caused_by("could not write pgbouncer.ini", cause))?;
            if let Some(user) = &user {
                user.hand_over(&[home, &file])?;
            }
            Ok(Launch {
                program: program.clone(),
                arguments: vec![file.display().to_string()],
                prefix: user.as_ref().map_or_else(Vec::new, User::prefix),
            })
        };
        let ready = |_: &Path, port| ping::address_is_ready((LOOPBACK, port));
        let (local, port) = Local::start(home, launch, ready)?;
        Ok(Self {
            url: format!("postgres://postgres@{LOOPBACK}:{port}/postgres"),
            _local: local,
        })
    }

    /// Returns the URL that clients connect to.
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn configuration((address, server_port): (&str, u16), port: u16, settings: &[&str]) -> String {
    let settings = settings.join("\n");
    format!(
        "[databases]\n* = host={address} port={server_port} user=postgres\n\
         [pgbouncer]\nlisten_addr = {LOOPBACK}\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 500\n\
         {settings}\n"
    )
}
