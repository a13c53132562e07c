//! What a job carries is shown exactly and without its secrets, wherever a job is shown.

use std::time::Duration;

use resque_core::{Enqueue, FailureRecord, Payload, QueueName, Schedule};
use resque_web::Dashboard;
use serde_json::value::RawValue;

use crate::support::{Site, get, post};

const ARGS: &str = r#"[123456789012345678901234567890,{"deep":[{"password":"hunter2"}]}]"#;

/// One job in each place where a job can be; gives all addresses that show it, below `/` and below
/// `/api/v1`.
async fn everywhere(site: &Site) -> Vec<String> {
    let job = || Payload::from(format!(r#"{{"class":"Pay","args":{ARGS}}}"#));
    let store = site.client.backend().unwrap();
    let now = site.client.clock().now();
    for _ in 0..2 {
        site.push("q", &job().to_text_lossy()).await;
    }
    let worker = site.work("web1~k3x9q:4711-0:q").await;
    let record = FailureRecord::new(now, job(), "Timeout", "no luck").on(worker.as_str(), "q");
    store.failures().record(&[record]).await.unwrap();
    let queue = QueueName::new("q").unwrap();
    let later = Enqueue::at(queue, job(), now + Duration::from_secs(60));
    store.queues().push(&[later]).await.unwrap();
    let args = RawValue::from_string(ARGS.to_owned()).unwrap();
    let nightly = Schedule::raw("nightly", "Pay", &args)
        .unwrap()
        .queue("q")
        .unwrap();
    let nightly = nightly.cron("0 3 * * *").unwrap();
    site.client
        .schedules()
        .unwrap()
        .set(&nightly)
        .await
        .unwrap();
    let failures = site.send(get("/api/v1/failures")).await.json();
    let id = failures["failures"][0]["id"].as_str().unwrap();
    [
        ("overview", "overview", String::new()),
        ("queue", "queue", "?name=q".to_owned()),
        ("working", "working", String::new()),
        ("worker", "worker", "?id=web1~k3x9q%3A4711-0%3Aq".to_owned()),
        ("failed", "failures", String::new()),
        ("failure", "failure", format!("?id={id}")),
        ("delayed", "delayed", String::new()),
        ("schedules", "schedules", String::new()),
        ("search", "search", "?text=pay".to_owned()),
    ]
    .into_iter()
    .flat_map(|(page, twin, query)| [format!("/{page}{query}"), format!("/api/v1/{twin}{query}")])
    .collect()
}

#[tokio::test]
async fn numbers_are_exact_and_secrets_hidden_on_every_page_and_in_its_twin() {
    let site = Site::new();
    for path in everywhere(&site).await {
        let seen = site.send(get(&path)).await.text;
        assert!(
            seen.contains("123456789012345678901234567890"),
            "{path}: {seen}"
        );
        assert!(seen.contains("[redacted]"), "{path}: {seen}");
        assert!(!seen.contains("hunter2"), "{path}: {seen}");
    }
}

#[tokio::test]
async fn nothing_is_hidden_where_nothing_shall_be() {
    let site = Site::with(Dashboard::redact_nothing);
    for path in everywhere(&site).await {
        let seen = site.send(get(&path)).await.text;
        assert!(seen.contains("hunter2"), "{path}: {seen}");
    }
}

#[tokio::test]
async fn nothing_is_found_by_what_is_hidden() {
    let site = Site::new();
    everywhere(&site).await;
    for (path, list, all) in [
        ("search", "found", 4),
        ("failures", "failures", 1),
        ("failures/groups", "groups", 1),
    ] {
        for (text, expected) in [("pay", all), ("hunter", 0)] {
            let twin = site
                .send(get(&format!("/api/v1/{path}?text={text}")))
                .await
                .json();
            let found = twin[list].as_array().unwrap().len();
            assert_eq!(found, expected, "{path}, {text}: {twin}");
        }
    }
    let body = serde_json::json!({"what": "remove", "text": "hunter"});
    let part = site.send(post("/api/v1/failures/all", &body)).await.json();
    assert_eq!(part["part"]["changed"], 0);
}
