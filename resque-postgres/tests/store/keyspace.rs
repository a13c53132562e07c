//! Keys, which Postgres does not have.

use std::time::{Duration, UNIX_EPOCH};

use resque_core::{Enqueue, FailureRecord, Payload, Settlement};

use crate::support::{World, name};

#[tokio::test]
async fn keys_are_named_as_resque_names_them() {
    let world = World::new().await;
    let queues = world.backend.queues();
    let keyspace = queues.keyspace().unwrap();
    assert_eq!(keyspace.keys().await.unwrap(), Vec::<String>::new());
    let slot = world.register(0).await;
    world.push("q:1", &["a", "b"]).await;
    let slots = std::slice::from_ref(&slot);
    let mut taken = world.exchange(&[], slots, "*").await;
    let record = FailureRecord::new(world.now, Payload::from("a"), "E", "e");
    let receipt = taken.reserved.remove(0).receipt;
    world
        .exchange(&[Settlement::failed(receipt, record)], slots, "*")
        .await;
    world.push("p", &["c"]).await;
    let start = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let due = [0, 1, 2].map(|millis| start + Duration::from_millis(millis));
    let later = due.map(|due| Enqueue::at(name("q"), "d", due));
    queues.push(&later).await.unwrap();
    let control = queues.control().unwrap();
    control.set_paused(true).await.unwrap();
    control.set_stopped(&name("x"), true).await.unwrap();
    world.backend.workers().set_stat("mine", 1).await.unwrap();

    let mut keys = keyspace.keys().await.unwrap();
    keys.sort_unstable();
    let mut expected = [
        "delayed:4000000000",
        "delayed:4000000001",
        "delayed_queue_schedule",
        "failed",
        "pause-all-workers",
        "pause:queue:x",
        "queue:p",
        "queues",
        "stat:failed",
        &format!("stat:failed:{slot}"),
        "stat:mine",
        "stat:processed",
        &format!("stat:processed:{slot}"),
        &format!("worker:{slot}"),
        &format!("worker:{slot}:started"),
        "workers",
        "workers:heartbeat",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(
        keyspace.key(&["queue", "p"]),
        format!("{}:queue:p", world.config.namespace())
    );
}
