//! Getting in, and being turned away.

use std::sync::{Arc, Mutex};

use resque_core::Error;
use resque_redis::driver::{ErrorClass, Value};
use resque_redis::{Config, DriverKind, Protocol, Tls};
use resque_testserver::{Redis, Source};

use crate::support::{ask, bulk, chain, clock, config, key, open, open_error, refusal, shared};

/// With everything that a URL or a line of words could trip over.
const PASSWORD: &str = "correct horse:battery@staple/\"ü\\";

pub(crate) async fn a_password_lets_in(driver: DriverKind) {
    let server = Redis::new().password(PASSWORD).start().unwrap();
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let connection = open(&config(&server, driver).with_protocol(protocol)).await;
        assert_eq!(
            ask(&connection, &["PING"]).await,
            Value::Status("PONG".into())
        );
    }
}

pub(crate) async fn a_wrong_or_missing_password_is_refused(driver: DriverKind) {
    let server = Redis::new().password(PASSWORD).start().unwrap();
    let right = config(&server, driver);
    let (host, port) = right
        .place()
        .split('/')
        .next()
        .and_then(|p| p.split_once(':'))
        .map(|(h, p)| (h.to_owned(), p.parse().unwrap()))
        .unwrap();
    let bare = Config::tcp(host, port).with_driver(driver);
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        for (config, word) in [
            (bare.clone(), "NOAUTH"),
            (bare.clone().with_password("guess"), "WRONGPASS"),
            (
                bare.clone().with_user("nobody").with_password(PASSWORD),
                "WRONGPASS",
            ),
        ] {
            let error = open_error(&config.with_protocol(protocol)).await;
            let Error::Rejected {
                what,
                reason,
                transient: false,
            } = &error
            else {
                panic!("{error:?}");
            };
            assert!(
                what.contains(&right.place()) && reason.contains(word),
                "{error}"
            );
            assert!(!chain(&error).contains(PASSWORD), "{error}");
        }
    }
}

pub(crate) async fn an_acl_user_may_do_what_it_may(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let admin = open(&config(&server, driver)).await;
    let rules = [
        "ACL", "SETUSER", "worker", "on", ">secret", "~jobs:*", "+@all", "-info", "-config",
    ];
    ask(&admin, &rules).await;
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let worker = config(&server, driver)
            .with_user("worker")
            .with_password("secret");
        let worker = open(&worker.with_protocol(protocol)).await;
        assert_eq!(ask(&worker, &["ACL", "WHOAMI"]).await, bulk("worker"));
        ask(&worker, &["SET", "jobs:1", "x"]).await;
        let error = refusal(&worker, &["SET", "other", "x"]).await;
        assert_eq!(
            (error.code(), error.class()),
            ("NOPERM", ErrorClass::Forbidden)
        );
    }
}

pub(crate) async fn a_unix_socket_serves(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let socket = server
        .unix_socket()
        .expect("a server of our own has a socket");
    let config = Config::parse(&format!("unix://{}?db=3", socket.display())).unwrap();
    let connection = open(&config.with_driver(driver)).await;
    let list = ask(&connection, &["CLIENT", "LIST"])
        .await
        .into_bytes()
        .unwrap();
    let list = String::from_utf8_lossy(&list).into_owned();
    // In front of a container is a relay, and the server sees another kind of connection.
    let is_socket = list.contains("flags=U") || server.source() == Source::Containers;
    assert!(is_socket && list.contains(" db=3 "), "{list}");
}

pub(crate) async fn tls_serves_with_its_own_authority(driver: DriverKind) {
    let server = Redis::new().tls().password(PASSWORD).start().unwrap();
    let config = Config::parse(&server.tls_url().unwrap())
        .unwrap()
        .with_driver(driver);
    let tls = Tls::new().with_authority(server.authority().unwrap());
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let connection = open(&config.clone().with_tls(tls.clone()).with_protocol(protocol)).await;
        assert_eq!(ask(&connection, &["ECHO", "hidden"]).await, bulk("hidden"));
    }
}

pub(crate) async fn tls_without_trust_is_unavailable(driver: DriverKind) {
    let server = Redis::new().tls().start().unwrap();
    let config = Config::parse(&server.tls_url().unwrap())
        .unwrap()
        .with_driver(driver);
    let error = open_error(&config).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(
        chain(&error).to_lowercase().contains("certificate"),
        "{}",
        chain(&error)
    );
}

pub(crate) async fn databases_are_apart(driver: DriverKind) {
    let zero = open(&shared(driver)).await;
    let nine = open(&shared(driver).with_database(9)).await;
    let name = key(driver, "database");
    ask(&nine, &["SET", &name, "nine"]).await;
    assert_eq!(ask(&zero, &["GET", &name]).await, Value::Nil);
    assert_eq!(ask(&nine, &["GET", &name]).await, bulk("nine"));
    ask(&nine, &["DEL", &name]).await;
}

pub(crate) async fn a_database_that_is_not_there_is_refused(driver: DriverKind) {
    let error = open_error(&shared(driver).with_database(4_000)).await;
    assert!(
        matches!(
            error,
            Error::Rejected {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("DB index is out of range"),
        "{error}"
    );
}

pub(crate) async fn the_client_shows_its_name(driver: DriverKind) {
    let connection = open(&shared(driver).with_client_name("worker-7")).await;
    assert_eq!(
        ask(&connection, &["CLIENT", "GETNAME"]).await,
        bulk("worker-7")
    );
}

pub(crate) async fn an_evicting_server_is_warned_of(driver: DriverKind) {
    for (policy, warned) in [("allkeys-lru", true), ("noeviction", false)] {
        let server = Redis::new().max_memory("100mb", policy).start().unwrap();
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let connection = open(&config(&server, driver)).await;
        connection.separate().check_server().await.unwrap();
        drop(guard);
        let text = log.text();
        let warnings = text.lines().filter(|line| line.contains("WARN"));
        assert_eq!(warnings.count(), usize::from(warned), "{text}");
        assert_eq!(text.contains("allkeys-lru"), warned, "{text}");
        assert_eq!(
            connection.check_server().await.unwrap().evicts().is_some(),
            warned
        );
    }
}

pub(crate) async fn a_server_that_keeps_its_version_to_itself_is_served(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let admin = open(&config(&server, driver)).await;
    ask(
        &admin,
        &[
            "ACL", "SETUSER", "shy", "on", ">secret", "~*", "+@all", "-info",
        ],
    )
    .await;
    let shy = config(&server, driver)
        .with_user("shy")
        .with_password("secret");
    let connection = resque_redis::Connection::open(&shy, clock()).await.unwrap();
    assert_eq!(connection.check_server().await.unwrap().version, None);
}

/// Lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
