//! Each sees the workers of the other, and ours deal with a worker of Node's that has died.

use serde_json::json;

use crate::world::World;

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn node_sees_our_workers_and_what_they_do() {
    let world = World::new();
    let mut peer = world.peer();
    let ours = world.worker("high,low");
    let _ = world.client.enqueue_raw("low", "RustHold", &(1,)).unwrap();
    ours.started();
    let id = world.workers()[0].id.clone();
    let name = id.as_str().strip_suffix(":high,low").unwrap();
    assert_eq!(
        peer.ask(&json!({ "operation": "workers" })),
        json!({ name: "high,low" })
    );
    let working = peer.ask(&json!({ "operation": "workingOn" }));
    assert_eq!(working[name], "started");
    // Node looks for a name in the note, which only its own workers write there; ours are as
    // nameless to it as Ruby's. See docs/wire-format.md for why that is as well.
    let note = &working["undefined"];
    assert_eq!(note["queue"], "low");
    assert_eq!(note["payload"], json!({ "class": "RustHold", "args": [1] }));
    ours.go_on();
    ours.settled();
    ours.quit();
    assert_eq!(peer.ask(&json!({ "operation": "workers" })), json!({}));
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn node_does_not_clean_away_a_long_job_of_ours() {
    let world = World::new();
    let mut peer = world.peer();
    let ours = world.worker("mail");
    let _ = world.client.enqueue_raw("mail", "RustHold", &(1,)).unwrap();
    ours.started();
    let workers = world.workers();
    // Every job that runs is too old for this.
    assert_eq!(
        peer.ask(&json!({ "operation": "cleanOld", "age": -60_000 })),
        json!({})
    );
    assert_eq!(world.workers(), workers);
    assert_eq!(world.failures(), []);
    let failed = |client: resque::Client| async move { client.stats()?.get("failed").await };
    // Node counts a failure that never was.
    assert_eq!(world.client.run(failed).unwrap(), 1);
    ours.go_on();
    ours.settled();
    ours.quit();
    assert_eq!(world.failures(), []);
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn a_worker_of_node_that_dies_in_mid_job_is_removed_by_hand() {
    let world = World::new();
    let mut peer = world.peer();
    peer.ask(&json!({ "operation": "enqueue", "to": "mail", "name": "NodeHold", "args": [5] }));
    let name = peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    peer.event("started");
    let id = format!("{}:mail", name.as_str().unwrap());

    // We see it, its start and its job. Nobody can tell whether it lives, as it sends no heartbeat.
    let workers = world.workers();
    assert_eq!(workers.len(), 1);
    assert_eq!(workers[0].id.as_str(), id);
    assert!(workers[0].started.is_some() && workers[0].heartbeat.is_none());
    let held = workers[0].holds.clone().unwrap();
    assert_eq!(held.queue, "mail");
    assert!(held.since.is_some());
    assert_eq!(world.suspects(), workers);

    // It dies; a janitor of ours that comes by leaves it alone.
    peer.kill();
    let ours = world.worker("other");
    let _ = world.client.enqueue_raw("other", "RustEcho", &[0]).unwrap();
    ours.settled();
    ours.quit();
    assert_eq!(world.workers(), workers);
    assert_eq!(world.failures(), []);

    // Whoever knows that it is dead removes it.
    assert!(world.remove_worker(&id).unwrap());
    assert!(!world.remove_worker(&id).unwrap());
    assert_eq!(world.workers(), []);
    let failures = world.failures();
    let record = failures[0].content.record().unwrap();
    assert_eq!(
        (&*record.exception, &*record.error, &*record.worker),
        ("Resque::DirtyExit", "Job still being processed", &*id)
    );
    let payload: serde_json::Value = serde_json::from_slice(record.payload.as_bytes()).unwrap();
    assert_eq!(
        (&payload["class"], &payload["args"]),
        (&json!("NodeHold"), &json!([5]))
    );

    // And the job can be done again, by another one of Node's.
    world.retry(&failures[0]);
    let mut peer = world.peer();
    peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    assert_eq!(peer.event("started")["job"]["args"], json!([5]));
    peer.ask(&json!({ "operation": "release" }));
    peer.event("performed");
    peer.ask(&json!({ "operation": "stopWorker" }));
}
