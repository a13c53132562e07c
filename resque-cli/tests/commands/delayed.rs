//! delayed.

use crate::support::{Place, assert_has};

on_each_store! { delayed_jobs_are_listed_cancelled_and_moved }

fn delayed_jobs_are_listed_cancelled_and_moved(place: &Place) {
    assert_has(&place.told(&["delayed"]), &["0 jobs delayed"]);
    for (class, queue, delay) in [("A", "one", "1h"), ("B", "one", "2h"), ("A", "two", "3h")] {
        place.told(&["enqueue", class, "7", "-q", queue, "--in", delay]);
    }
    let page = place.json(&["delayed", "list", "--limit", "2"]);
    assert_eq!(page["count"], 3);
    assert_eq!(page["jobs"][1]["class"], "B");
    assert_eq!(page["jobs"][0]["queue"], "one");
    assert!(page["jobs"][0]["due"].as_str().unwrap().ends_with('Z'));
    let next = page["next"].as_str().unwrap();
    let rest = place.json(&["delayed", "list", "--from", next]);
    assert_eq!(rest["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], serde_json::Value::Null);

    let id = page["jobs"][0]["id"].as_str().unwrap();
    place.run(&["delayed", "cancel", id]).bad(2);
    assert_eq!(place.json(&["delayed", "cancel", id, "--yes"])["count"], 1);
    assert_has(
        &place.run(&["delayed", "cancel", id, "--yes"]).bad(1),
        &["1 job had gone"],
    );

    place.told(&["delayed", "move", "--class", "A", "--now"]);
    assert_eq!(place.json(&["peek", "two"])["length"], 1);
    let at = [
        "delayed",
        "move",
        "--queue",
        "one",
        "--at",
        "2099-01-02T03:04:05Z",
    ];
    assert_eq!(place.json(&at)["count"], 1);
    let due = &place.json(&["delayed"])["jobs"][0]["due"];
    assert_eq!(due, "2099-01-02T03:04:05.000Z");
    assert_eq!(
        place.json(&["delayed", "cancel", "--all", "-y"])["count"],
        1
    );
    place.run(&["delayed", "move", "--all"]).bad(2);
}
