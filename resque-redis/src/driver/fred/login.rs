//! Making connections with the `fred` crate.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::{ClientLike, TrackingInterface};
use fred::types::RespVersion;
use fred::types::client::Invalidation;
use fred::types::config::{
    Config as FredConfig, ConnectionConfig, Options, PerformanceConfig, Server, ServerConfig,
    TcpConfig,
};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::FredConnection;
use crate::config::{Address, Protocol};
use crate::connect::{Configured, Listener, keepalive};
use crate::driver::life::{AbortOnDrop, CloseOnDrop, Closed};
use crate::driver::{DriverError, ServerError};

/// How many announcements may wait to be heard; after more, everything counts as changed.
const ANNOUNCEMENTS: usize = 1024;

type Heard = Option<Arc<dyn Listener>>;

impl FredConnection {
    /// Connects and logs in; a connection with a listener speaks RESP3.
    pub(crate) async fn login(
        place: &Arc<str>,
        configured: &Configured,
        listener: Heard,
    ) -> Result<Self, DriverError> {
        let config = &configured.config;
        let server = server(&config.address);
        let resp3 = config.protocol == Some(Protocol::Resp3);
        let version = if resp3 {
            RespVersion::RESP3
        } else {
            RespVersion::RESP2
        };
        let user = config.password.as_ref().and(config.user.clone());
        let login = FredConfig {
            server,
            version,
            username: user,
            password: config.password.clone(),
            #[cfg(feature = "tls")]
            tls: configured
                .tls
                .clone()
                .map(|tls| tokio_rustls::TlsConnector::from(tls).into()),
            ..FredConfig::default()
        };
        let timeouts = (config.connect_timeout, config.response_timeout);
        Self::connect(place, login, timeouts, listener).await
    }

    /// Connects as a client of this configuration does.
    pub(crate) async fn connect(
        place: &Arc<str>,
        mut config: FredConfig,
        (connect_timeout, response_timeout): (Duration, Duration),
        listener: Heard,
    ) -> Result<Self, DriverError> {
        config.fail_fast = true;
        if listener.is_some() {
            config.version = RespVersion::RESP3;
        }
        if config.version == RespVersion::RESP3 {
            config.username = config.username.as_deref().map(quoted);
            config.password = config.password.as_deref().map(quoted);
        }
        let options = once(Some(response_timeout));
        let performance = PerformanceConfig {
            broadcast_channel_capacity: ANNOUNCEMENTS,
            ..PerformanceConfig::default()
        };
        // No policy: the client never reconnects, and so never replays.
        let client = Client::new(
            config,
            Some(performance),
            Some(settings(connect_timeout)),
            None,
        );
        let announcements = client.invalidation_rx();
        // Not at the first event of a connection: commands are refused until the client's state says
        // that it is connected, a little later. It listens from its first poll on.
        let mut connected = pin!(client.wait_for_connect());
        let _ = futures::poll!(connected.as_mut());
        let mut task = client.connect();
        let abort = AbortOnDrop(task.abort_handle());
        let failed = tokio::select! {
            connected = connected => connected.err().map(|error| Ok(Err(error))),
            ended = &mut task => Some(ended),
        };
        match failed {
            None => {}
            Some(Ok(Err(error))) => return Err(turned_away(place, error)),
            Some(Ok(Ok(()))) => return Err(turned_away(place, fred::error::Error::new_canceled())),
            Some(Err(error)) => return Err(DriverError::unavailable(place, error)),
        }
        let closed = Closed::new(listener.clone());
        let end = CloseOnDrop(closed.clone());
        tokio::spawn(async move {
            let _end = end;
            match listener {
                Some(listener) => tokio::select! {
                    () = hear(announcements, &*listener) => {}
                    _ = task => {}
                },
                // How it ended shows in the calls.
                None => drop(task.await),
            }
        });
        let place = Arc::clone(place);
        let client = client.with_options(&options);
        Ok(Self {
            place,
            client,
            closed,
            _task: abort,
        })
    }
}

/// One attempt, and no waiting for a connection that is not there.
pub(super) fn once(timeout: Option<Duration>) -> Options {
    Options {
        max_attempts: Some(1),
        max_redirections: Some(1),
        fail_fast: true,
        timeout,
        ..Options::default()
    }
}

/// Writes a credential as Redis reads it in a line of words: the crate sends `HELLO` as such a
/// line, and a space would end the word, a line break the command.
fn quoted(credential: &str) -> String {
    use std::fmt::Write as _;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!*+,:;=@/".contains(&byte);
    if !credential.is_empty() && credential.bytes().all(plain) {
        return credential.to_owned();
    }
    let mut text = String::from('"');
    for byte in credential.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
    text.push('"');
    text
}

fn server(address: &Address) -> ServerConfig {
    match address {
        Address::Unix(path) => ServerConfig::Unix { path: path.clone() },
        Address::Tcp { host, port } => ServerConfig::Centralized {
            #[cfg(feature = "tls")]
            server: Server::new_with_tls(host.as_str(), *port, Some(host.clone())),
            #[cfg(not(feature = "tls"))]
            server: Server::new(host.as_str(), *port),
        },
    }
}

fn settings(connect_timeout: Duration) -> ConnectionConfig {
    ConnectionConfig {
        connection_timeout: connect_timeout,
        internal_command_timeout: connect_timeout,
        max_command_attempts: 1,
        max_redirections: 1,
        reconnect_on_auth_error: false,
        tcp: TcpConfig {
            nodelay: Some(true),
            keepalive: Some(probing()),
            ..TcpConfig::default()
        },
        ..ConnectionConfig::default()
    }
}

/// The same as for the other driver, in the version of `socket2` that `fred` uses.
fn probing() -> socket2_for_fred::TcpKeepalive {
    socket2_for_fred::TcpKeepalive::new()
        .with_time(keepalive::TIME)
        .with_interval(keepalive::INTERVAL)
        .with_retries(keepalive::RETRIES)
}

async fn hear(mut announcements: Receiver<Invalidation>, listener: &dyn Listener) {
    loop {
        match announcements.recv().await {
            Ok(changed) => changed
                .keys
                .iter()
                .for_each(|key| listener.changed(key.as_bytes())),
            Err(RecvError::Lagged(_)) => listener.changed_all(),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Tells what the server said from what the way to it said: the crate has one error type for both.
fn turned_away(place: &Arc<str>, error: fred::error::Error) -> DriverError {
    let code = error.details().split(' ').next().unwrap_or_default();
    let is_code = code.len() > 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code {
        return DriverError::turned_away(place, ServerError::from_line(error.details()));
    }
    DriverError::unavailable(place, error)
}

#[cfg(test)]
mod tests {
    use fred::error::{Error, ErrorKind};

    use super::*;

    #[test]
    fn credentials_stay_one_word() {
        for (credential, word) in [
            ("secret", "secret"),
            ("a b", r#""\x61\x20\x62""#),
            ("\r\n", r#""\x0d\x0a""#),
            ("\"", r#""\x22""#),
            ("ü", r#""\xc3\xbc""#),
            ("", r#""""#),
        ] {
            assert_eq!(quoted(credential), word);
        }
    }

    #[test]
    fn the_servers_words_are_told_from_the_systems() {
        let place: Arc<str> = "p".into();
        let told = |kind, text: &'static str| turned_away(&place, Error::new(kind, text));
        assert!(matches!(
            told(ErrorKind::Auth, "WRONGPASS invalid"),
            DriverError::Refused { .. }
        ));
        assert!(matches!(
            told(ErrorKind::Unknown, "LOADING wait"),
            DriverError::Unavailable { .. }
        ));
        assert!(matches!(
            told(ErrorKind::IO, "Connection refused"),
            DriverError::Unavailable { .. }
        ));
        assert!(matches!(
            told(ErrorKind::IO, ""),
            DriverError::Unavailable { .. }
        ));
    }
}
