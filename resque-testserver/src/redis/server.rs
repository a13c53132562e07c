//! A Redis server that runs.

use std::cell::Cell;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Redis, ping};
use crate::certificates::{Certificates, Files};
use crate::container::{Container, Image};
use crate::encoded::Encoded;
use crate::host::Host;
use crate::local::{Home, Launch, Local};
use crate::relay::Relay;
use crate::source::{self, Choice, Situation, Source};
use crate::{Result, find_program, scratch};

const URL_VARIABLE: &str = "RESQUE_TEST_REDIS_URL";
const PROGRAM: &str = "redis-server";
const LOOPBACK: &str = "127.0.0.1";
/// The ports inside a container.
const PORT: u16 = 6379;
const TLS_PORT: u16 = 6380;
const SOCKET: &str = "redis.sock";

/// A Redis server for tests, which ends when this value is dropped or the test process ends.
#[derive(Debug)]
pub struct RedisServer {
    password: Option<String>,
    place: Place,
    certificates: Option<Certificates>,
    /// Started when the Unix socket of a container is asked for.
    relay: OnceLock<Result<Relay>>,
    host: Host,
}

/// Where clients find the server.
#[derive(Debug)]
enum Place {
    /// As the environment says.
    Url(String),
    Ports {
        address: String,
        port: u16,
        tls_port: Option<u16>,
    },
}

/// Returns the Redis server that all tests of this process share; the first caller starts it.
///
/// Tests keep out of each other's way by namespaces of their own, and never flush the whole server.
///
/// # Errors
///
/// No way to a server is open here, or the server did not start; the text says what to do.
pub fn shared_redis() -> Result<&'static RedisServer> {
    static SHARED: OnceLock<Result<RedisServer>> = OnceLock::new();
    SHARED
        .get_or_init(RedisServer::shared)
        .as_ref()
        .map_err(Clone::clone)
}

impl RedisServer {
    /// Returns the URL that clients connect to, password included.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Url(url) => url.clone(),
            Place::Ports { address, port, .. } => {
                format!("redis://{}{address}:{port}", self.credentials())
            }
        }
    }

    /// Returns the URL of the TLS port, if the server was started with [`Redis::tls`].
    pub fn tls_url(&self) -> Option<String> {
        match &self.place {
            Place::Ports {
                address,
                tls_port: Some(port),
                ..
            } => Some(format!("rediss://{}{address}:{port}", self.credentials())),
            _ => None,
        }
    }

    /// Returns the file (PEM) with the authority that signed the server's certificate, if it serves TLS.
    pub fn authority(&self) -> Option<&Path> {
        self.certificates
            .as_ref()
            .map(|certificates| certificates.files.authority.as_path())
    }

    /// Returns the port without TLS, unless the server is one that the environment names.
    pub fn port(&self) -> Option<u16> {
        match &self.place {
            Place::Url(_) => None,
            Place::Ports { port, .. } => Some(*port),
        }
    }

    /// Returns a Unix socket that leads to the server, unless the environment names it. In front of a container
    /// that is a relay of this process.
    pub fn unix_socket(&self) -> Option<PathBuf> {
        match (&self.host, &self.place) {
            (Host::Local(local), _) => Some(local.directory().join(SOCKET)),
            (_, Place::Ports { address, port, .. }) => {
                let relay = self.relay.get_or_init(|| Relay::start(address, *port));
                relay.as_ref().ok().map(|relay| relay.socket().to_owned())
            }
            (_, Place::Url(_)) => None,
        }
    }

    /// Returns where the server came from.
    pub fn source(&self) -> Source {
        self.host.source()
    }

    /// Ends the server at once, as a power cut would. [`RedisServer::restart`] brings it back.
    ///
    /// # Errors
    ///
    /// The server could not be reached by its host, or belongs to somebody else.
    pub fn kill(&mut self) -> Result<()> {
        self.host.kill()
    }

    /// Ends the server if it runs, starts it again on the same port and waits until it takes commands.
    ///
    /// # Errors
    ///
    /// The server did not start again, or belongs to somebody else.
    pub fn restart(&mut self) -> Result<()> {
        let (place, password) = (&self.place, self.password.as_deref());
        self.host.restart(|| place.is_ready(password))
    }

    /// Stops the server from doing anything while its connections stay open: commands get no answer.
    ///
    /// # Errors
    ///
    /// The server is not running, or belongs to somebody else.
    pub fn pause(&mut self) -> Result<()> {
        self.host.pause()
    }

    /// Lets a paused server go on; it carries out what was sent in the meantime.
    ///
    /// # Errors
    ///
    /// The server is not running, or belongs to somebody else.
    pub fn resume(&mut self) -> Result<()> {
        self.host.resume()
    }

    pub(super) fn start(options: Redis) -> Result<Self> {
        Self::obtain(options, None)
    }

    fn shared() -> Result<Self> {
        Self::obtain(
            Redis::new(),
            Some((URL_VARIABLE, env::var(URL_VARIABLE).ok())),
        )
    }

    fn obtain(options: Redis, url: Option<(&str, Option<String>)>) -> Result<Self> {
        match situation(url)?.choose()? {
            Choice::Url(url) => Ok(Self {
                password: None,
                place: Place::Url(url),
                host: Host::Environment,
                certificates: None,
                relay: OnceLock::new(),
            }),
            Choice::Containers => Self::in_container(options),
            Choice::Local => Self::on_this_machine(options),
        }
    }

    fn on_this_machine(options: Redis) -> Result<Self> {
        let certificates = options.tls.then(Certificates::create).transpose()?;
        let files = certificates
            .as_ref()
            .map(|certificates| &certificates.files);
        let mut tls_port = None;
        let launch = |home: &Path, port: u16| {
            tls_port = files.map(|_| scratch::free_port()).transpose()?;
            let path = |path: &Path| path.display().to_string();
            let mut arguments = vec!["--port".to_owned(), port.to_string()];
            arguments.extend(["--bind".to_owned(), LOOPBACK.to_owned()]);
            arguments.extend(["--dir".to_owned(), path(home)]);
            arguments.extend(["--unixsocket".to_owned(), path(&home.join(SOCKET))]);
            arguments.extend(options.arguments(tls_port.zip(files)));
            let program = find_program(PROGRAM).unwrap_or_else(|| PROGRAM.into());
            Ok(Launch {
                program,
                arguments,
                prefix: Vec::new(),
            })
        };
        let password = options.password.as_deref();
        // By the socket, because a stranger may answer at the port.
        let ready = |home: &Path, _| ping::socket_is_ready(&home.join(SOCKET), password);
        let (local, port) = Local::start(Home::new("KILL")?, launch, ready)?;
        let place = Place::Ports {
            address: LOOPBACK.to_owned(),
            port,
            tls_port,
        };
        Ok(Self {
            password: options.password,
            place,
            certificates,
            relay: OnceLock::new(),
            host: Host::Local(local),
        })
    }

    fn in_container(options: Redis) -> Result<Self> {
        let certificates = options.tls.then(Certificates::create).transpose()?;
        let there = Files::within(Path::new("/tls"));
        let port = Cell::new(0);
        let mut tls_port = None;
        let image = || {
            let mut image = Image::new("redis", "RESQUE_TEST_REDIS_TAG", "7-alpine");
            port.set(scratch::free_port()?);
            image.ports.push((port.get(), PORT));
            image.command = [
                "redis-server",
                "--bind",
                "0.0.0.0",
                "--protected-mode",
                "no",
            ]
            .map(String::from)
            .into();
            if let Some(here) = &certificates {
                tls_port = Some(scratch::free_port()?);
                image.ports.extend(tls_port.map(|port| (port, TLS_PORT)));
                let pairs = here.files.all().into_iter().zip(there.all());
                let pairs =
                    pairs.map(|(here, there)| (here.to_owned(), there.display().to_string()));
                image.files.extend(pairs);
            }
            image
                .command
                .extend(options.arguments(tls_port.map(|_| (TLS_PORT, &there))));
            Ok(image)
        };
        let password = options.password.as_deref();
        let ready = |address: &str| ping::address_is_ready((address, port.get()), password);
        let (container, address) = Container::start(image, ready)?;
        let place = Place::Ports {
            address,
            port: port.get(),
            tls_port,
        };
        Ok(Self {
            password: options.password,
            place,
            certificates,
            relay: OnceLock::new(),
            host: Host::Container(container),
        })
    }

    fn credentials(&self) -> String {
        self.password
            .as_deref()
            .map_or(String::new(), |password| format!(":{}@", Encoded(password)))
    }
}

impl Place {
    fn is_ready(&self, password: Option<&str>) -> bool {
        match self {
            Self::Url(_) => true,
            Self::Ports { address, port, .. } => {
                ping::address_is_ready((address.as_str(), *port), password)
            }
        }
    }
}

fn situation(url: Option<(&str, Option<String>)>) -> Result<Situation<'_>> {
    let local = find_program(PROGRAM).map(|_| ()).ok_or_else(|| {
        format!("there is no `{PROGRAM}` (Debian: apt-get install redis-server; macOS: brew install redis)")
    });
    let containers = source::containers();
    Ok(Situation {
        server: "Redis",
        forced: Source::forced()?,
        url,
        containers,
        local,
    })
}
