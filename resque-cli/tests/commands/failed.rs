//! failed.

use std::time::{Duration, SystemTime};

use resque::FailureRecord;

use crate::support::{Place, assert_has};

on_each_store! {
    failed_jobs_are_listed_shown_retried_and_removed
    many_are_retried_and_removed_by_what_they_say
}

/// Plants failed jobs of these classes and errors, each a minute after the one before.
fn plant(place: &Place, failures: &[(&str, &str, &str)]) {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_215_600);
    place.with(async |client, _| {
        for (minute, (class, queue, error)) in (0..).zip(failures) {
            let at = start + Duration::from_secs(60 * minute);
            let payload = format!("{{\"class\":\"{class}\",\"args\":[{minute}]}}");
            let record =
                FailureRecord::new(at, payload.into_bytes().into(), "RuntimeError", *error);
            let record = record
                .on("h:1:q", *queue)
                .backtrace(vec!["a.rb:1".to_owned()]);
            client.failures()?.record(record).await?;
        }
        Ok(())
    });
}

fn failed_jobs_are_listed_shown_retried_and_removed(place: &Place) {
    assert_has(&place.told(&["failed"]), &["0 failed jobs in all"]);
    plant(
        place,
        &[
            ("A", "one", "timeout\u{1b}[2J"),
            ("B", "one", "no luck"),
            ("A", "two", "timeout"),
        ],
    );
    let shown = place.told(&["failed"]);
    assert_has(
        &shown,
        &[
            "RuntimeError: no luck",
            "3 failed jobs in all",
            "2026-11-20 23:0",
        ],
    );
    assert!(!shown.contains('\u{1b}'));

    let page = place.json(&["failed", "list", "--limit", "2"]);
    assert_eq!(page["count"], 3);
    assert_eq!(page["failures"][0]["queue"], "two");
    assert_eq!(page["failures"][0]["args"], serde_json::json!([2]));
    let next = page["next"].as_str().unwrap();
    let rest = place.json(&["failed", "list", "--from", next]);
    assert_eq!(rest["failures"][0]["error"], "timeout\u{1b}[2J");

    let id = page["failures"][1]["id"].as_str().unwrap();
    let record = place.told(&["failed", "show", id]);
    assert_has(
        &record,
        &["class      B", "error      RuntimeError: no luck", "a.rb:1"],
    );
    assert_has(
        &place.run(&["failed", "show", "nobody"]).bad(1),
        &["no failed job nobody"],
    );

    assert_eq!(place.json(&["failed", "retry", id])["count"], 1);
    assert_eq!(place.json(&["peek", "one"])["jobs"][0]["class"], "B");
    let retried = place.json(&["failed", "list", "--retried"]);
    assert_eq!(retried["failures"].as_array().unwrap().len(), 1);
    let into = ["failed", "retry", id, "--into", "other", "--forget"];
    assert_eq!(place.json(&into)["count"], 1);
    assert_eq!(place.json(&["peek", "other"])["length"], 1);
    assert_has(
        &place.run(&["failed", "retry", id]).bad(1),
        &["1 record had gone"],
    );
    assert_eq!(place.json(&["failed"])["count"], 2);

    place.run(&["failed", "clear"]).bad(2);
    assert_eq!(place.json(&["failed", "clear", "--yes"])["count"], 2);
}

fn many_are_retried_and_removed_by_what_they_say(place: &Place) {
    let mut failures = vec![("A", "one", "timeout"); 1_200];
    failures.extend([("B", "one", "no luck"), ("A", "two", "no luck")]);
    plant(place, &failures);
    let wanted = [
        "failed", "retry", "--class", "A", "--text", "TIMEOUT", "--yes",
    ];
    place.run(&wanted[..6]).bad(2);
    assert_eq!(place.json(&wanted)["count"], 1_200);
    assert_eq!(place.json(&["peek", "one"])["length"], 1_200);
    let since = [
        "failed",
        "list",
        "--since",
        "2026-11-21T18:59:59Z",
        "--oldest-first",
    ];
    let since = place.json(&since);
    assert_eq!(since["failures"][0]["class"], "B", "{since}");
    assert_eq!(
        place.json(&["failed", "remove", "--retried", "--yes"])["count"],
        1_200
    );
    assert_eq!(
        place.json(&["failed", "remove", "--queue", "two", "-y"])["count"],
        1
    );
    assert_eq!(place.json(&["failed"])["count"], 1);
    let neither = place.run(&["failed", "remove", "--yes"]).bad(2);
    assert_has(&neither, &["--all"]);
    place
        .run(&["failed", "remove", "x", "--all", "--yes"])
        .bad(2);
    place.run(&["failed", "list", "--since", "soon"]).bad(2);
}
