//! queues, peek, dequeue, remove-queue, pause, resume, stats.

use crate::support::{Place, assert_has};

on_each_store! {
    queues_are_listed_looked_into_and_removed
    jobs_are_dequeued_by_class_and_arguments
    queues_and_workers_are_paused
    garbage_is_shown_and_stops_nothing
}

fn queues_are_listed_looked_into_and_removed(place: &Place) {
    assert_has(&place.told(&["queues"]), &["There are no queues."]);
    for number in ["1", "2", "3"] {
        place.told(&["enqueue", "Archive", number, "main", "-q", "files"]);
    }
    place.told(&["enqueue", "Mail", "-q", "mail"]);

    let listing = place.json(&["queues"]);
    let names: Vec<_> = listing["queues"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0]["name"], "files");
    assert_eq!(names[0]["length"], 3);
    assert_eq!(names[0]["stopped"], false);
    assert_eq!(listing["paused"], false);

    let page = place.json(&["peek", "files", "--start", "1", "--count", "1"]);
    assert_eq!(page["length"], 3);
    assert_eq!(page["jobs"][0]["class"], "Archive");
    assert_eq!(page["jobs"][0]["args"], serde_json::json!([2, "main"]));
    assert_eq!(
        page["jobs"][0]["payload"],
        r#"{"class":"Archive","args":[2,"main"]}"#
    );
    assert_eq!(page["jobs"].as_array().unwrap().len(), 1);
    assert_has(
        &place.told(&["peek", "files", "--count", "2"]),
        &["0  Archive  [1,\"main\"]", "3 jobs in files, 2 shown"],
    );
    assert_has(&place.told(&["peek", "nobody"]), &["0 jobs in nobody"]);

    let unsure = place.run(&["remove-queue", "files"]).bad(2);
    assert_has(&unsure, &["remove files with 3 jobs", "--yes"]);
    assert_eq!(place.json(&["remove-queue", "files", "--yes"])["count"], 3);
    assert_eq!(
        place.json(&["queues"])["queues"].as_array().unwrap().len(),
        1
    );
}

fn jobs_are_dequeued_by_class_and_arguments(place: &Place) {
    for args in [&["1"][..], &["2"], &["1"], &[]] {
        let args = [&["enqueue", "Archive"], args, &["--queue", "files"]].concat();
        place.told(&args);
    }
    let gone = place.json(&["dequeue", "Archive", "1", "-q", "files"]);
    assert_eq!(gone["count"], 2);
    let unsure = place.run(&["dequeue", "Archive", "-q", "files"]).bad(2);
    assert_has(&unsure, &["all jobs of class Archive"]);
    let gone = place.json(&["dequeue", "Archive", "--no-args", "-q", "files"]);
    assert_eq!(gone["count"], 1);
    let gone = place.json(&["dequeue", "Archive", "-q", "files", "--yes"]);
    assert_eq!(gone["count"], 1);
}

fn queues_and_workers_are_paused(place: &Place) {
    place.told(&["enqueue", "Archive", "-q", "files"]);
    place.told(&["pause", "files"]);
    assert_eq!(place.json(&["queues"])["queues"][0]["stopped"], true);
    assert_has(
        &place.told(&["queues"]),
        &["files        1  stopped"].map(|_| "stopped"),
    );
    place.told(&["resume", "files"]);
    assert_eq!(place.json(&["queues"])["queues"][0]["stopped"], false);

    assert_eq!(place.json(&["pause", "--all"])["paused"], true);
    assert_eq!(place.json(&["stats"])["paused"], true);
    assert_has(&place.told(&["queues"]), &["All workers are paused"]);
    place.told(&["resume", "--all"]);
    assert_eq!(place.json(&["stats"])["paused"], false);
    place.run(&["pause"]).bad(2);
    place.run(&["pause", "files", "--all"]).bad(2);
    assert_has(&place.run(&["pause", "a,b"]).bad(2), &["is no queue name"]);
}

fn garbage_is_shown_and_stops_nothing(place: &Place) {
    place.with(async |client, _| {
        client.push("files", &b"\xff\x1b[2J no job"[..]).await?;
        client.push("files", &br#"{"class":"Archive"}"#[..]).await
    });
    let shown = place.told(&["peek", "files"]);
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert_has(&shown, &["(no job)", "2 jobs in files"]);
    let page = place.json(&["peek", "files"]);
    assert_eq!(page["jobs"][0]["class"], serde_json::Value::Null);
    assert!(
        page["jobs"][0]["payload"]
            .as_str()
            .unwrap()
            .contains("no job")
    );
    place.told(&["queues"]);
    place.told(&["stats"]);
}
