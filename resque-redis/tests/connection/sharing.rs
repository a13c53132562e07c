//! Many callers, few connections.

use resque_redis::driver::Value;
use resque_redis::{Connection, DriverKind};
use resque_testserver::Redis;

use crate::support::{ask, clock, config, key, open, shared, try_ask, until};

pub(crate) async fn many_callers_get_their_own_replies(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let callers = (0..64).map(|caller| {
        let connection = connection.clone();
        tokio::spawn(async move {
            for number in 0..50 {
                let text = format!("{caller}:{number}");
                assert_eq!(
                    ask(&connection, &["ECHO", &text]).await.as_bytes(),
                    Some(text.as_bytes())
                );
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

pub(crate) async fn an_abandoned_call_disturbs_no_other(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let nothing = key(driver, "abandoned");
    let abandoned = tokio::spawn({
        let (connection, nothing) = (connection.clone(), nothing.clone());
        async move { try_ask(&connection, &["BLPOP", &nothing, "0"]).await }
    });
    tokio::task::yield_now().await;
    let next = tokio::spawn({
        let connection = connection.clone();
        async move { ask(&connection, &["ECHO", "next"]).await }
    });
    tokio::task::yield_now().await;
    abandoned.abort();
    // Lets the abandoned pop end on the server, which answers in order.
    ask(&open(&shared(driver)).await, &["RPUSH", &nothing, "x"]).await;
    assert_eq!(next.await.unwrap().as_bytes(), Some(&b"next"[..]));
    ask(&connection, &["DEL", &nothing]).await;
}

pub(crate) async fn the_last_clone_closes_the_connection(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let admin = open(&config(&server, driver)).await;
    let connection = open(&config(&server, driver).with_client_name("short-lived")).await;
    let clone = connection.clone();
    drop(connection);
    ask(&clone, &["PING"]).await;
    assert!(clients(&admin).await.contains("short-lived"));
    drop(clone);
    let closed = async || !clients(&admin).await.contains("short-lived");
    until("the connection is closed", closed).await;
}

async fn clients(admin: &Connection) -> String {
    let list = ask(admin, &["CLIENT", "LIST"]).await.into_bytes().unwrap();
    String::from_utf8_lossy(&list).into_owned()
}

pub(crate) async fn a_connection_outlives_the_runtime_that_made_it(driver: DriverKind) {
    let connection = Connection::lazy(&shared(driver), clock()).unwrap();
    let elsewhere = connection.clone();
    let made_there = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { ask(&elsewhere, &["CLIENT", "ID"]).await })
    });
    let there = made_there.join().unwrap();
    let here = ask(&connection, &["CLIENT", "ID"]).await;
    assert!(matches!((&there, &here), (Value::Int(_), Value::Int(_))) && there != here);
}
