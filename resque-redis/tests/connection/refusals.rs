//! Servers that are there, but will not.

use resque_redis::DriverKind;
use resque_redis::driver::ErrorClass;
use resque_testserver::Redis;

use crate::support::{ask, config, key, open, refusal, shared};

pub(crate) async fn a_read_only_replica_says_so_and_is_left(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let connection = open(&config(&server, driver)).await;
    // A replica of nobody serves reads of what it has.
    ask(&connection, &["REPLICAOF", "127.0.0.1", "1"]).await;
    let id = ask(&connection, &["CLIENT", "ID"]).await;
    let error = refusal(&connection, &["SET", "key", "value"]).await;
    assert_eq!(
        (error.code(), error.class()),
        ("READONLY", ErrorClass::Transient)
    );
    // The name may lead to the new primary by now.
    assert_ne!(ask(&connection, &["CLIENT", "ID"]).await, id);
    ask(&connection, &["REPLICAOF", "NO", "ONE"]).await;
    ask(&connection, &["SET", "key", "value"]).await;
}

pub(crate) async fn a_full_server_says_so(driver: DriverKind) {
    let server = Redis::new()
        .max_memory("1mb", "noeviction")
        .start()
        .unwrap();
    let connection = open(&config(&server, driver)).await;
    let large = "x".repeat(2_000_000);
    // Redis looks at its memory before a command, not after.
    let _ = connection
        .run(&crate::support::command(&["SET", "a", &large]))
        .await
        .unwrap();
    let error = refusal(&connection, &["SET", "b", "x"]).await;
    assert_eq!(
        (error.code(), error.class()),
        ("OOM", ErrorClass::Transient)
    );
    ask(&connection, &["GET", "b"]).await;
}

pub(crate) async fn a_wrong_type_is_no_transient_matter(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let name = key(driver, "type");
    ask(&connection, &["SET", &name, "text"]).await;
    let error = refusal(&connection, &["RPUSH", &name, "x"]).await;
    assert_eq!(
        (error.class(), error.is_transient()),
        (ErrorClass::WrongType, false)
    );
    ask(&connection, &["DEL", &name]).await;
}
