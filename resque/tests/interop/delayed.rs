//! Delayed jobs cross both ways.

use std::time::{Duration, UNIX_EPOCH};

use resque::NewJob;
use serde_json::json;

use crate::world::World;

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn a_delayed_job_of_node_is_promoted_and_performed_here() {
    let world = World::new();
    let mut peer = world.peer();
    let ours = world.worker("*");
    let due = (world.now() + Duration::from_secs(1))
        .duration_since(UNIX_EPOCH)
        .unwrap();
    let due = Duration::from_secs(due.as_secs());
    let at = u64::try_from(due.as_millis()).unwrap();
    peer.ask(&json!({
        "operation": "enqueueAt", "at": at, "to": "mail", "name": "RustEcho", "args": [1, "é"],
    }));
    assert_eq!(ours.started(), r#"[1,"é"]"#);
    assert!(world.now() >= UNIX_EPOCH + due, "before its time");
    ours.settled();
    ours.quit();
    assert_eq!(peer.ask(&json!({ "operation": "timestamps" })), json!([]));
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn a_delayed_job_of_ours_is_transferred_and_performed_by_node() {
    let world = World::new();
    let mut peer = world.peer();
    let due = world.now() + Duration::from_secs(1);
    let job = NewJob::raw("NodeEcho", &(1, "é")).to("mail").at(due);
    let _ = world.client.submit(job).unwrap();
    let listed = peer.ask(&json!({ "operation": "timestamps" }));
    let at = listed[0].as_u64().unwrap();
    assert!(
        UNIX_EPOCH + Duration::from_millis(at) >= due,
        "rounded down"
    );
    let tasks = &peer.ask(&json!({ "operation": "delayedAt", "at": at }))["tasks"];
    assert_eq!(tasks[0]["args"], json!([1, "é"]));

    peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    peer.ask(&json!({ "operation": "startScheduler" }));
    assert_eq!(peer.event("transferred")["job"]["queue"], "mail");
    assert_eq!(peer.event("performed")["result"], json!([1, "é"]));
    peer.ask(&json!({ "operation": "stopScheduler" }));
    peer.ask(&json!({ "operation": "stopWorker" }));
    assert_eq!(world.client.info().unwrap().delayed, 0);
}
