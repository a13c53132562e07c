//! Servers that are not there, go away, say nothing and come back.

use std::time::Duration;

use resque_core::Error;
use resque_redis::driver::{DriverError, Value};
use resque_redis::{Config, DriverKind};
use resque_testserver::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{ask, by_hand, chain, config, key, open, open_error, shared, try_ask, until};

pub(crate) async fn an_unreachable_server_is_unavailable_and_named(driver: DriverKind) {
    // Too long for a name, so that nobody far away has to be asked whether there is such a host.
    let no_host = "x".repeat(64);
    for (config, place) in [
        // Nobody listens there.
        (Config::tcp("127.0.0.1", 1), "127.0.0.1:1/0".to_owned()),
        (Config::tcp(&*no_host, 1), format!("{no_host}:1/0")),
        (
            Config::unix("/nowhere/redis.sock"),
            "unix:/nowhere/redis.sock".to_owned(),
        ),
    ] {
        let config = config.with_password("hunter2").with_driver(driver);
        let error = open_error(&config).await;
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        let text = chain(&error);
        assert!(text.contains(&place) && text.contains(" | "), "{text}");
        assert!(!format!("{text}{error:?}").contains("hunter2"), "{text}");
    }
}

pub(crate) async fn a_silent_server_is_unavailable_in_time(driver: DriverKind) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::tcp("127.0.0.1", silent.local_addr().unwrap().port());
    let config = config
        .with_connect_timeout(Duration::from_millis(100))
        .with_driver(driver);
    let error = open_error(&config).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

pub(crate) async fn a_lost_reply_is_unknown_and_nothing_is_repeated(driver: DriverKind) {
    let direct = shared(driver);
    let link = Link::to(&direct).await;
    let through = Config::tcp("127.0.0.1", link.port).with_driver(driver);
    let (connection, _clock) = by_hand(&through);
    let observer = open(&direct).await;
    let counter = key(driver, "lost");
    assert_eq!(ask(&connection, &["INCR", &counter]).await, Value::Int(1));

    link.swallow_replies();
    let lost = tokio::spawn({
        let (connection, counter) = (connection.clone(), counter.clone());
        async move { try_ask(&connection, &["INCR", &counter]).await }
    });
    let counted = async || ask(&observer, &["GET", &counter]).await.as_int() == Some(2);
    until("the lost request has arrived", counted).await;
    link.cut();
    let error = lost.await.unwrap().unwrap_err();
    assert!(
        matches!(error, DriverError::OutcomeUnknown { .. }),
        "{error:?}"
    );

    link.mend();
    assert_eq!(
        ask(&connection, &["INCR", &counter]).await,
        Value::Int(3),
        "nothing was repeated"
    );
    ask(&observer, &["DEL", &counter]).await;
}

pub(crate) async fn a_killed_connection_is_replaced(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let admin = open(&shared(driver)).await;
    let id = ask(&connection, &["CLIENT", "ID"]).await.as_int().unwrap();
    let nothing = key(driver, "nothing");
    let waiting = tokio::spawn({
        let (connection, nothing) = (connection.clone(), nothing.clone());
        async move { try_ask(&connection, &["BLPOP", &nothing, "0"]).await }
    });
    let kill = ["CLIENT", "KILL", "ID", &id.to_string()];
    let blocked = format!("id={id} ");
    let waits = async || {
        let list = ask(&admin, &["CLIENT", "LIST"]).await.into_bytes().unwrap();
        String::from_utf8_lossy(&list)
            .lines()
            .any(|line| line.starts_with(&blocked) && line.contains("cmd=blpop"))
    };
    until("it waits for a job", waits).await;
    assert_eq!(ask(&admin, &kill).await, Value::Int(1));
    let error = waiting.await.unwrap().unwrap_err();
    assert!(
        matches!(error, DriverError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    assert_ne!(ask(&connection, &["CLIENT", "ID"]).await.as_int(), Some(id));
}

pub(crate) async fn a_restarted_server_is_found_again(driver: DriverKind) {
    let mut server = Redis::new().append_only().start().unwrap();
    let (connection, clock) = by_hand(&config(&server, driver));
    ask(&connection, &["SET", "kept", "yes"]).await;
    server.kill().unwrap();
    // The loss may show at this call or before it, as it happens.
    let first = try_ask(&connection, &["PING"]).await.unwrap_err();
    assert!(first.is_transient(), "{first:?}");
    for _ in 0..3 {
        let error = try_ask(&connection, &["PING"]).await.unwrap_err();
        assert!(
            matches!(error, DriverError::Unavailable { .. }),
            "{error:?}"
        );
        clock.advance(Duration::from_secs(10));
    }
    server.restart().unwrap();
    assert_eq!(
        ask(&connection, &["GET", "kept"]).await.as_bytes(),
        Some(&b"yes"[..])
    );
}

pub(crate) async fn a_paused_server_costs_the_response_timeout_once_per_call(driver: DriverKind) {
    let mut server = Redis::new().start().unwrap();
    // Long enough for the calls that have to get an answer, on a busy machine too.
    let timeout = Duration::from_secs(3);
    let config = config(&server, driver)
        .with_response_timeout(timeout)
        .with_connect_timeout(timeout);
    let (connection, clock) = by_hand(&config);
    ask(&connection, &["PING"]).await;
    server.pause().unwrap();
    let error = try_ask(&connection, &["INCR", "counter"])
        .await
        .unwrap_err();
    assert!(
        matches!(error, DriverError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    let error = try_ask(&connection, &["INCR", "counter"])
        .await
        .unwrap_err();
    assert!(
        matches!(error, DriverError::Unavailable { .. }),
        "no second silent one: {error:?}"
    );
    server.resume().unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!(
        ask(&connection, &["GET", "counter"]).await.as_int(),
        Some(1)
    );
}

pub(crate) async fn a_loading_server_is_unavailable(driver: DriverKind) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = server.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(1..) = client.read(&mut buffer).await {
                    // One reply for each command; each begins with its number of words.
                    let commands = buffer.iter().filter(|byte| **byte == b'*').count();
                    let line = b"-LOADING Redis is loading the dataset in memory\r\n";
                    client.write_all(&line.repeat(commands)).await.unwrap();
                    buffer.fill(0);
                }
            });
        }
    });
    let error = open_error(&Config::tcp("127.0.0.1", port).with_driver(driver)).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(chain(&error).contains("LOADING"), "{}", chain(&error));
}

/// A cable between client and server that can be cut.
struct Link {
    port: u16,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Whole,
    /// Requests arrive, replies do not.
    Deaf,
    Cut,
}

impl Link {
    async fn to(config: &Config) -> Self {
        let server = config.place().split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(State::Whole);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, upstream, seen.clone()));
            }
        });
        Self { port, state }
    }

    fn swallow_replies(&self) {
        self.state.send_replace(State::Deaf);
    }

    fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn carry(client: TcpStream, server: TcpStream, mut state: watch::Receiver<State>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let seen = state.clone();
    let replies = async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            if *seen.borrow() == State::Whole
                && to_client.write_all(&buffer[..count]).await.is_err()
            {
                break;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        () = replies => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}
