//! Jobs of one are performed by the other.

use serde_json::{Value, json};

use crate::world::World;

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn jobs_of_node_are_performed_here() {
    let world = World::new();
    let mut peer = world.peer();
    let ours = world.worker("*");
    let args = [
        json!([]),
        json!([1, "two", null, true, -3.5, 1e21, 0.1]),
        json!([{ "nested": [[], {}, { "a": [1, { "b": null }] }] }]),
        json!(["käse 🧀 \u{2028} \" \\ \n </script>", "\u{7f}"]),
        json!([9_007_199_254_740_991_u64]),
    ];
    for args in &args {
        peer.ask(
            &json!({ "operation": "enqueue", "to": "mail", "name": "RustEcho", "args": args }),
        );
        let found: Value = serde_json::from_str(&ours.started()).unwrap();
        // Node writes 1e21 and not 1e+21.0: the same number in fewer signs.
        assert_eq!(found.to_string(), args.to_string());
        ours.settled();
    }
    assert_eq!(world.client.info().unwrap().processed, 5);
    // What Node leaves besides is no queue and no worker.
    let keys = |client: resque::Client| async move { client.keys().await };
    let keys = world.client.run(keys).unwrap();
    assert!(keys.contains(&"connection_test_key".to_owned()), "{keys:?}");
    let queues: Vec<_> = world.client.queues().unwrap();
    assert_eq!(queues, [resque::QueueName::new("mail").unwrap()]);
    ours.quit();
    assert_eq!(world.workers(), []);
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn jobs_of_ours_are_performed_by_node() {
    let world = World::new();
    let mut peer = world.peer();
    peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    let args = json!([44, "master\u{2028}brew", { "a": [1.5, null, true, ["é"]] }, []]);
    let enqueued = world.client.enqueue_raw("mail", "NodeEcho", &args).unwrap();
    assert_eq!(enqueued, resque::Enqueued::Queued { length: 1 });
    let performed = peer.event("performed");
    assert_eq!(
        (&performed["of"], &performed["result"]),
        (&json!("mail"), &args)
    );
    assert_eq!(world.client.size("mail").unwrap(), 0);
    peer.ask(&json!({ "operation": "stopWorker" }));
    assert_eq!(world.client.info().unwrap().processed, 1);
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn what_we_tell_of_earlier_attempts_disturbs_nobody() {
    let world = World::new();
    let mut peer = world.peer();
    let mut extras = resque::wire::extra::Extras::default();
    extras.attempts = 2;
    let payload = extras
        .write(br#"{"class":"NodeEcho","args":[44]}"#)
        .unwrap();
    world.client.push("mail", payload).unwrap();
    let theirs = json!([{ "class": "NodeEcho", "args": [44], "rs": { "attempts": 2 } }]);
    assert_eq!(
        peer.ask(&json!({ "operation": "queued", "of": "mail" })),
        theirs
    );
    peer.ask(&json!({ "operation": "startWorker", "queues": ["mail"] }));
    assert_eq!(peer.event("performed")["result"], json!([44]));
    peer.ask(&json!({ "operation": "stopWorker" }));
    assert_eq!(world.client.info().unwrap().processed, 1);
}

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn each_sees_the_queues_of_the_other() {
    let world = World::new();
    let mut peer = world.peer();
    peer.ask(
        &json!({ "operation": "enqueueMany", "to": "theirs", "name": "X", "from": 0, "count": 3 }),
    );
    let _ = world
        .client
        .enqueue_raw("ours", "Archive", &(44, "masterbrew"))
        .unwrap();
    assert_eq!(world.client.size("theirs").unwrap(), 3);
    let mut queues: Vec<Value> = peer
        .ask(&json!({ "operation": "queues" }))
        .as_array()
        .unwrap()
        .clone();
    queues.sort_by_key(Value::to_string);
    assert_eq!(queues, ["ours", "theirs"]);
    assert_eq!(
        peer.ask(&json!({ "operation": "queued", "of": "ours" })),
        json!([{ "class": "Archive", "args": [44, "masterbrew"] }])
    );
    assert_eq!(peer.ask(&json!({ "operation": "length", "of": "ours" })), 1);
}
