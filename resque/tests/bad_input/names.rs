//! Names of queues.

use resque::Error;

use crate::world::{World, good};

#[tokio::test]
async fn unusual_names_are_names() {
    let world = World::new().await;
    let mut worker = world.start().await;
    let names = [
        "a:b",
        "a/b",
        "with space",
        "größe ☺",
        "q\"uo\\te",
        "*",
        "{a}",
    ];
    for (number, name) in (0..).zip(names) {
        world.client.push(name, good(number)).await.unwrap();
    }
    worker.performed(0..names.len() as u64).await;
    worker.quit().await;
}

#[tokio::test]
async fn what_cannot_be_a_name_is_refused_and_named() {
    let world = World::new().await;
    for name in ["a,b", "nul\0", "line\nbreak", "", &"x".repeat(256)] {
        let error = world.client.push(name, good(1)).await.unwrap_err();
        let Error::InvalidQueueName { name: said, .. } = &error else {
            panic!("{name:?}: {error}");
        };
        assert_eq!(said, name);
    }
    assert!(
        world
            .client
            .push("a,b", good(1))
            .await
            .unwrap_err()
            .to_string()
            .contains("comma")
    );
    assert!(world.client.keys().await.unwrap().is_empty());
}

/// Names that other programs have used are listed apart, and their jobs are left alone.
#[tokio::test]
async fn names_that_are_none_stop_nobody() {
    let mut world = World::new().await;
    let names: [&[u8]; 5] = [b"a,b", b"nul\0", b"\xff\xfe", b"", b"line\n"];
    for name in names {
        world.on_key::<()>("SADD", "queues", &[name]).await;
        let mut key = world.key("queue:").into_bytes();
        key.extend_from_slice(name);
        let mut push = redis::cmd("RPUSH");
        push.arg(&key).arg(good(9));
        push.query_async::<()>(&mut world.raw).await.unwrap();
    }
    let mut worker = world.start().await;
    world.push_good(1).await;
    worker.performed([1]).await;
    worker.quit().await;
    let listing = world.client.queue_listing().await.unwrap();
    assert_eq!(listing.unreadable.len(), names.len());
    for name in names {
        assert!(listing.unreadable.iter().any(|listed| listed == name));
        let mut key = world.key("queue:").into_bytes();
        key.extend_from_slice(name);
        let mut length = redis::cmd("LLEN");
        let length: u64 = length.arg(&key).query_async(&mut world.raw).await.unwrap();
        assert_eq!(length, 1, "{name:?}");
    }
}
