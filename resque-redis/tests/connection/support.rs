//! What the cases need: servers, connections, short ways to run a command.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Error, ManualClock, SharedClock, SystemClock};
use resque_redis::driver::{Batch, DriverError, ServerError, Value};
use resque_redis::{Config, Connection, DriverKind};
use resque_testserver::{RedisServer, shared_redis};

/// Longer than anything here may take, shorter than a person's patience.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}

/// The server that all cases share, for this driver.
pub(crate) fn shared(driver: DriverKind) -> Config {
    config(shared_redis().unwrap(), driver)
}

pub(crate) fn config(server: &RedisServer, driver: DriverKind) -> Config {
    Config::parse(&server.url()).unwrap().with_driver(driver)
}

pub(crate) async fn open(config: &Config) -> Connection {
    Connection::open(config, clock()).await.unwrap()
}

/// A connection whose wait between attempts to connect passes when the clock is moved.
pub(crate) fn by_hand(config: &Config) -> (Connection, ManualClock) {
    let clock = ManualClock::new();
    (
        Connection::lazy(config, Arc::new(clock.clone())).unwrap(),
        clock,
    )
}

/// A batch of one command.
pub(crate) fn command(words: &[&str]) -> Batch {
    let mut batch = Batch::new();
    batch.command(words[0]);
    words[1..].iter().for_each(|word| {
        batch.arg(*word);
    });
    batch
}

/// Runs one command; what the server refuses is an error of the test.
pub(crate) async fn ask(connection: &Connection, words: &[&str]) -> Value {
    let value = try_ask(connection, words).await.unwrap();
    value
        .ok()
        .unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

pub(crate) async fn try_ask(connection: &Connection, words: &[&str]) -> Result<Value, DriverError> {
    let batch = command(words);
    let run = tokio::time::timeout(LIMIT, connection.run(&batch)).await;
    let mut replies = run.unwrap_or_else(|_| panic!("{words:?} hangs"))?;
    assert_eq!(replies.len(), 1);
    Ok(replies.remove(0))
}

/// Runs one command that the server refuses.
pub(crate) async fn refusal(connection: &Connection, words: &[&str]) -> ServerError {
    try_ask(connection, words).await.unwrap().ok().unwrap_err()
}

pub(crate) fn bulk(text: &'static str) -> Value {
    Value::Bulk(text.into())
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, waiting).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

/// A key that no other case uses.
pub(crate) fn key(driver: DriverKind, name: &str) -> String {
    format!("test:{}:{driver:?}:{name}", resque_testserver::this_run())
}

/// The texts of an error and its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" | ")
}

pub(crate) async fn open_error(config: &Config) -> Error {
    let open = Connection::open(config, clock());
    tokio::time::timeout(LIMIT, open)
        .await
        .expect("opening hangs")
        .unwrap_err()
}
