//! A Postgres server that runs.

use std::cell::Cell;
use std::env;
use std::path::Path;
use std::sync::OnceLock;

use super::cluster::Installation;
use super::{Postgres, ping};
use crate::container::{Container, Image};
use crate::encoded::Encoded;
use crate::host::Host;
use crate::local::{Home, Local};
use crate::source::{self, Choice, Situation, Source};
use crate::{Error, Result, find_postgres, scratch};

const URL_VARIABLE: &str = "RESQUE_TEST_POSTGRES_URL";
const LOOPBACK: &str = "127.0.0.1";
/// The port inside a container.
const PORT: u16 = 5432;
/// Ends Postgres without a checkpoint, so that the next start is a recovery, and leaves nothing behind.
const END: &str = "QUIT";

/// A Postgres server for tests, which ends when this value is dropped or the test process ends.
#[derive(Debug)]
pub struct PostgresServer {
    url: String,
    /// Where clients find it, unless it is one that the environment names.
    place: Option<(String, u16)>,
    host: Host,
}

/// Returns the Postgres server that all tests of this process share; the first caller starts it.
///
/// Tests keep out of each other's way by schemas or databases of their own.
///
/// # Errors
///
/// No way to a server is open here, or the server did not start; the text says what to do.
pub fn shared_postgres() -> Result<&'static PostgresServer> {
    static SHARED: OnceLock<Result<PostgresServer>> = OnceLock::new();
    SHARED
        .get_or_init(PostgresServer::shared)
        .as_ref()
        .map_err(Clone::clone)
}

impl PostgresServer {
    /// Returns the URL that clients connect to, as the superuser of the database `postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns where the server came from.
    pub fn source(&self) -> Source {
        self.host.source()
    }

    /// Starts a server that follows this one: it can be read, refuses whatever changes something, and takes
    /// over when it is promoted (`select pg_promote()`).
    ///
    /// # Errors
    ///
    /// This server is none of this machine, see [`Postgres::on_this_machine`]; or the other one did not
    /// start.
    pub fn standby(&self) -> Result<Self> {
        if self.source() != Source::Local {
            return Err(Error::new("only a server of this machine has standbys"));
        }
        let (address, port) = self.place()?;
        let installation = Installation::find()?;
        let home = Home::new(END)?;
        installation.copy_cluster(home.path(), (address, port))?;
        Self::launch(&Postgres::new(), &installation, home)
    }

    /// Where clients find the server.
    pub(super) fn place(&self) -> Result<(&str, u16)> {
        let place = self.place.as_ref();
        place
            .map(|(address, port)| (address.as_str(), *port))
            .ok_or_else(|| {
                Error::new("a server that the environment names belongs to somebody else")
            })
    }

    /// Ends the server at once: committed work survives, and [`PostgresServer::restart`] recovers it.
    ///
    /// # Errors
    ///
    /// The server could not be reached by its host, or belongs to somebody else.
    pub fn kill(&mut self) -> Result<()> {
        self.host.kill()
    }

    /// Ends the server if it runs, starts it again on the same port and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// The server did not start again, or belongs to somebody else.
    pub fn restart(&mut self) -> Result<()> {
        let place = self.place.as_ref();
        let address = place.map_or((LOOPBACK, PORT), |(address, port)| {
            (address.as_str(), *port)
        });
        self.host.restart(|| ping::address_is_ready(address))
    }

    pub(super) fn start(options: Postgres) -> Result<Self> {
        Self::obtain(&options, None)
    }

    fn shared() -> Result<Self> {
        Self::obtain(
            &Postgres::new(),
            Some((URL_VARIABLE, env::var(URL_VARIABLE).ok())),
        )
    }

    fn obtain(options: &Postgres, url: Option<(&str, Option<String>)>) -> Result<Self> {
        if options.on_this_machine {
            situation(None)?.local.map_err(Error::new)?;
            return Self::on_this_machine(options);
        }
        match situation(url)?.choose()? {
            Choice::Url(url) => Ok(Self {
                url,
                place: None,
                host: Host::Environment,
            }),
            Choice::Containers => Self::in_container(options),
            Choice::Local => Self::on_this_machine(options),
        }
    }

    fn on_this_machine(options: &Postgres) -> Result<Self> {
        let installation = Installation::find()?;
        let home = Home::new(END)?;
        installation.create_cluster(home.path(), options)?;
        Self::launch(options, &installation, home)
    }

    /// Starts the server whose cluster is in `home`.
    fn launch(options: &Postgres, installation: &Installation, home: Home) -> Result<Self> {
        let launch = |home: &Path, port: u16| {
            let mut launch = installation.launch("postgres");
            let path = |path: &Path| path.display().to_string();
            launch
                .arguments
                .extend(["-D".to_owned(), path(&home.join("data"))]);
            launch.arguments.extend(["-p".to_owned(), port.to_string()]);
            launch
                .arguments
                .extend(["-h".to_owned(), LOOPBACK.to_owned()]);
            launch.arguments.extend(["-k".to_owned(), path(home)]);
            launch.arguments.extend(options.arguments());
            Ok(launch)
        };
        // By the socket, because a stranger may answer at the port.
        let ready =
            |home: &Path, port| ping::socket_is_ready(&home.join(format!(".s.PGSQL.{port}")));
        let (local, port) = Local::start(home, launch, ready)?;
        Ok(Self::new(
            options,
            LOOPBACK.to_owned(),
            port,
            Host::Local(local),
        ))
    }

    fn in_container(options: &Postgres) -> Result<Self> {
        let port = Cell::new(0);
        let image = || {
            let mut image = Image::new("postgres", "RESQUE_TEST_POSTGRES_TAG", "15-alpine");
            port.set(scratch::free_port()?);
            image.ports.push((port.get(), PORT));
            let (name, value) = match &options.password {
                Some(password) => ("POSTGRES_PASSWORD", password.as_str()),
                None => ("POSTGRES_HOST_AUTH_METHOD", "trust"),
            };
            image.variables.push((name.to_owned(), value.to_owned()));
            image.command.push("postgres".to_owned());
            image.command.extend(options.arguments());
            Ok(image)
        };
        let ready = |address: &str| ping::address_is_ready((address, port.get()));
        let (container, address) = Container::start(image, ready)?;
        Ok(Self::new(
            options,
            address,
            port.get(),
            Host::Container(container),
        ))
    }

    fn new(options: &Postgres, address: String, port: u16, host: Host) -> Self {
        let password = options.password.as_deref();
        let password = password.map_or(String::new(), |password| format!(":{}", Encoded(password)));
        let url = format!("postgres://postgres{password}@{address}:{port}/postgres");
        Self {
            url,
            place: Some((address, port)),
            host,
        }
    }
}

fn situation(url: Option<(&str, Option<String>)>) -> Result<Situation<'_>> {
    let local = find_postgres().map(|_| ()).ok_or_else(|| {
        "there is no `initdb` and `postgres` (Debian: apt-get install postgresql; macOS: brew install \
         postgresql)"
            .to_owned()
    });
    let containers = source::containers();
    Ok(Situation {
        server: "Postgres",
        forced: Source::forced()?,
        url,
        containers,
        local,
    })
}
