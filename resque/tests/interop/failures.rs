//! Failures of one are listed and retried by the other.

use serde_json::json;

use crate::world::World;

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn a_failure_of_node_is_retried_here() {
    let world = World::new();
    let mut peer = world.peer();
    let args = json!([1, "ä", { "b": [2.5] }]);
    peer.ask(&json!({ "operation": "enqueue", "to": "mail", "name": "RustEcho", "args": args }));
    // Node does not know the class.
    let name = peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    peer.event("failed");
    peer.ask(&json!({ "operation": "stopWorker" }));

    let failures = world.failures();
    assert_eq!(failures.len(), 1);
    let record = failures[0].content.record().unwrap();
    assert_eq!(
        (&*record.exception, &*record.error),
        ("Error", "No job defined for class \"RustEcho\"")
    );
    assert_eq!(
        (&*record.queue, &*record.worker),
        ("mail", name.as_str().unwrap())
    );
    assert!(!record.backtrace.is_empty() && record.retried_at.is_none());
    let since = world.now().duration_since(record.failed_at).unwrap();
    assert!(since.as_secs() < 3_600, "{since:?}");

    world.retry(&failures[0]);
    let ours = world.worker("mail");
    let found: serde_json::Value = serde_json::from_str(&ours.started()).unwrap();
    assert_eq!(found, args);
    ours.settled();
    ours.quit();
    let failures = world.failures();
    assert!(failures[0].content.record().unwrap().retried_at.is_some());
    // Node reads the record that we have marked.
    let listed = peer.ask(&json!({ "operation": "failed" }));
    assert_eq!(listed[0]["payload"]["args"], args);
    assert!(listed[0]["retried_at"].is_string(), "{listed}");
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn a_failure_of_ours_is_retried_by_node() {
    let world = World::new();
    let mut peer = world.peer();
    // We do not know the class.
    let args = json!([7, "ö", { "b": [2.5, null] }, []]);
    let _ = world.client.enqueue_raw("mail", "NodeEcho", &args).unwrap();
    let ours = world.worker("mail");
    ours.settled();
    let _ = world
        .client
        .enqueue_raw("mail", "RustFail", &("\u{1F4A5} \"so\" </b>",))
        .unwrap();
    ours.settled();
    ours.quit();

    let listed = peer.ask(&json!({ "operation": "failed" }));
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        listed[0]["payload"],
        json!({ "class": "NodeEcho", "args": args })
    );
    assert_eq!(listed[1]["exception"], "RustError");
    assert_eq!(listed[1]["error"], "\u{1F4A5} \"so\" </b>");

    // Node removes a record by what it encodes itself: the record must come out the same.
    peer.ask(&json!({ "operation": "retryFailed", "index": 0 }));
    assert_eq!(world.failures().len(), 1);
    peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    assert_eq!(peer.event("performed")["result"], args);
    peer.ask(&json!({ "operation": "stopWorker" }));
}
