//! A server that refuses, goes away, or was never there.

use resque::redis::FailureLayout;
use resque::worker::Event;
use resque::{Error, connect};
use resque_testserver::Redis;

use crate::world::{World, bad, chain, good, patient_connection};

fn is_over(event: &Event) -> bool {
    matches!(event, Event::OutageOver { .. })
}

/// Breaks every connection of the server but the one that asks.
async fn hang_up(world: &mut World) {
    world
        .tell(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
        .await;
    world
        .tell(&["CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes"])
        .await;
}

#[tokio::test]
async fn a_server_that_was_restarted_is_found_again() {
    let mut server = Redis::new().append_only().start().unwrap();
    let world = World::on(&server, FailureLayout::Single).await;
    let mut worker = world.start().await;
    world.push_good(1).await;
    worker.performed([1]).await;
    worker.settled(1).await;
    server.kill().unwrap();
    worker.said(&["unavailable"]).await;
    server.restart().unwrap();
    worker.saw(is_over).await;
    world.reachable().await;
    world.push_good(2).await;
    worker.performed([2]).await;
    assert_eq!(worker.quit().await.processed, 2);
}

/// The worker goes on taking jobs, because that makes room; who puts one in is told.
#[tokio::test]
async fn out_of_memory() {
    let server = Redis::new().start().unwrap();
    let mut world = World::on(&server, FailureLayout::Single).await;
    let mut worker = world.start().await;
    world.tell(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let error = world.client.push("mail", good(1)).await.unwrap_err();
    let Error::Rejected {
        transient: true, ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(chain(&error).contains("OOM"), "{error}");
    assert_eq!(world.client.size("mail").await.unwrap(), 0);
    world.tell(&["CONFIG", "SET", "maxmemory", "0"]).await;
    world.push_good(2).await;
    worker.performed([2]).await;
    assert_eq!(worker.quit().await.failed, 0);
}

#[tokio::test]
async fn out_of_memory_with_jobs_waiting() {
    let server = Redis::new().start().unwrap();
    let mut world = World::on(&server, FailureLayout::Single).await;
    let mut worker = world.start().await;
    world.client.pause_all().await.unwrap();
    for number in 0..100 {
        world.push_good(number).await;
    }
    world.client.push("mail", bad(100)).await.unwrap();
    world.client.resume_all().await.unwrap();
    world.tell(&["CONFIG", "SET", "maxmemory", "1"]).await;
    worker.performed(0..100).await;
    worker.settled(101).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed), (101, 1));
    assert_eq!(world.failures().await.len(), 1);
}

/// A replica refuses what a worker writes; as soon as it is the master again, the worker goes on.
#[tokio::test]
async fn read_only() {
    let server = Redis::new().start().unwrap();
    let mut world = World::on(&server, FailureLayout::Single).await;
    let mut worker = world.start().await;
    // The queue lives on: a replica that never reaches its master keeps what it has.
    world.push_good(1).await;
    worker.performed([1]).await;
    worker.settled(1).await;
    world.tell(&["REPLICAOF", "127.0.0.1", "1"]).await;
    worker.said(&["READONLY"]).await;
    world.tell(&["REPLICAOF", "NO", "ONE"]).await;
    world.push_good(2).await;
    worker.performed([2]).await;
    assert_eq!(worker.quit().await.processed, 2);
}

/// The password of a server is changed under a worker: it says so, and goes on when it may.
#[tokio::test]
async fn a_password_that_is_wanted_suddenly() {
    let server = Redis::new().start().unwrap();
    let mut world = World::on(&server, FailureLayout::Single).await;
    let mut worker = world.start().await;
    world
        .tell(&["CONFIG", "SET", "requirepass", "secret"])
        .await;
    hang_up(&mut world).await;
    let said = worker.said(&["NOAUTH"]).await;
    assert!(!said.contains("secret"), "{said}");
    world.tell(&["CONFIG", "SET", "requirepass", ""]).await;
    world.reachable().await;
    world.push_good(1).await;
    worker.performed([1]).await;
    assert_eq!(worker.quit().await.processed, 1);
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_names_the_server() {
    let server = Redis::new().password("secret").start().unwrap();
    let place = format!("127.0.0.1:{}", server.port().unwrap());
    for (url, word) in [
        (format!("redis://:guess@{place}"), "WRONGPASS"),
        (format!("redis://{place}"), "NOAUTH"),
    ] {
        let error = connect(&url).await.unwrap_err();
        let Error::Rejected {
            transient: false, ..
        } = &error
        else {
            panic!("{error:?}");
        };
        let text = chain(&error);
        assert!(text.contains(&place) && text.contains(word), "{text}");
        assert!(!text.contains("guess"), "{text}");
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_named() {
    // Too long for a name, so that nobody far away has to be asked whether there is such a host.
    let no_host = format!("{}:6379", "x".repeat(64));
    for place in ["127.0.0.1:1", &no_host] {
        let error = connect(&format!("redis://{place}")).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        assert!(chain(&error).contains(place), "{}", chain(&error));
    }
}

/// A server that still reads its file answers everything with `-LOADING`: who asks is told, and the
/// worker waits for the end.
#[tokio::test]
async fn loading() {
    let slowly = [
        "--key-load-delay",
        "50000",
        "--loading-process-events-interval-bytes",
        "1024",
    ];
    let server = slowly.into_iter().fold(Redis::new(), Redis::argument);
    let mut server = server.start().unwrap();
    let mut world = World::on(&server, FailureLayout::Single).await;
    let mut worker = world.start().await;
    // They take a minute, which ends when the answer has been seen.
    for number in 0..1_200 {
        let (key, text) = (format!("filler:{number}"), "x".repeat(100));
        world.on_key::<()>("SET", &key, &[text.as_bytes()]).await;
    }
    world.tell(&["SAVE"]).await;
    let (url, port) = (server.url(), server.port().unwrap());
    let restarting = tokio::task::spawn_blocking(move || {
        server.kill().unwrap();
        server.restart().unwrap();
        server
    });
    worker.said(&["unavailable"]).await;
    let place = format!("127.0.0.1:{port}");
    loop {
        let error = world.client.is_paused().await.unwrap_err();
        if chain(&error).contains("LOADING") {
            assert!(error.is_transient(), "{error:?}");
            assert!(chain(&error).contains(&place), "{}", chain(&error));
            break;
        }
    }
    world.raw = patient_connection(&url).await;
    world.tell(&["CONFIG", "SET", "key-load-delay", "0"]).await;
    let _server = restarting.await.unwrap();
    world.reachable().await;
    world.push_good(1).await;
    worker.performed([1]).await;
    assert_eq!(worker.quit().await.processed, 1);
}
