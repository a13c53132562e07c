//! doctor.

use serde_json::Value;

use crate::support::{Place, assert_has};

on_each_store! {
    what_is_not_as_it_should_be_is_told
    the_suite_runs_and_leaves_nothing
}

/// How each thing is, whatever the exit code: the servers of tests keep nothing over a crash.
fn states(place: &Place) -> Value {
    let run = place.run(&["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&run.out).unwrap();
    let checks = findings["checks"].as_array().unwrap();
    let pairs = checks.iter().map(|check| {
        assert_eq!(check["advice"].is_null(), check["state"] == "ok", "{check}");
        (
            check["check"].as_str().unwrap().to_owned(),
            check["state"].clone(),
        )
    });
    Value::Object(pairs.collect())
}

fn what_is_not_as_it_should_be_is_told(place: &Place) {
    place.told(&["enqueue", "A", "-q", "files"]);
    let well = states(place);
    for check in [
        "connection",
        "clock",
        "server",
        "role",
        "wake-up",
        "queues",
        "pauses",
        "payloads",
        "workers",
        "suspects",
        "failures",
        "delayed",
    ] {
        assert_eq!(well[check], "ok", "{check}: {well}");
    }
    place.with(async |client, backend| {
        client.push("files", &b"no job"[..]).await?;
        let now = client.store_time().await?;
        let id = resque::WorkerId::compose("h", "abcde", 1, 0, "files")?;
        let long_ago = now - std::time::Duration::from_secs(100);
        backend.workers().register(&[id], long_ago).await?;
        let late = resque::Enqueue::at(resque::QueueName::new("q")?, b"{}".to_vec(), long_ago);
        backend.queues().push(&[late]).await
    });
    place.told(&["pause", "files"]);
    let ill = states(place);
    for (check, state) in [
        ("payloads", "warning"),
        ("workers", "warning"),
        ("delayed", "problem"),
        ("pauses", "warning"),
    ] {
        assert_eq!(ill[check], state, "{check}: {ill}");
    }
    let run = place.run(&["doctor"]);
    assert_has(
        &run.out,
        &[
            "1 of the next 2 jobs are none, the first in files",
            "→ `resque workers prune`",
        ],
    );
    assert_has(&run.bad(1), &["found"]);
}

fn the_suite_runs_and_leaves_nothing(place: &Place) {
    place.told(&["enqueue", "A", "-q", "files"]);
    let run = place.run(&["doctor", "--conformance", "--cases", "g7_batch", "--json"]);
    let findings: Value = serde_json::from_str(&run.out).unwrap();
    let suite = &findings["conformance"];
    assert!(suite["kept"].as_u64().unwrap() >= 5, "{suite}");
    assert_eq!(suite["broken"], serde_json::json!([]));
    assert_eq!(place.json(&["stats"])["pending"], 1);
}

#[test]
fn a_redis_that_throws_jobs_away_is_a_problem() {
    let server = resque_testserver::Redis::new()
        .max_memory("64mb", "allkeys-lru")
        .append_only()
        .start()
        .unwrap();
    let place = Place { url: server.url() };
    let states = states(&place);
    assert_eq!(states["eviction"], "problem", "{states}");
    assert_eq!(states["persistence"], "ok", "{states}");
    place.run(&["doctor"]).bad(1);
}

#[test]
fn a_redis_that_announces_nothing_is_worth_a_warning() {
    let server = resque_testserver::Redis::new()
        .argument("--rename-command")
        .argument("CLIENT")
        .argument("NOBODY")
        .start()
        .unwrap();
    let place = Place { url: server.url() };
    let states = states(&place);
    assert_eq!(states["wake-up"], "warning", "{states}");
}
