//! Numbers over time.

use std::time::Duration;

use axum::http::StatusCode;
use resque_core::Sample;
use serde_json::json;

use crate::support::{Site, get};

/// An hour of samples, ten jobs a minute.
async fn with_history() -> Site {
    let site = Site::new();
    let history = site.client.history().unwrap();
    let now = site.client.clock().now();
    for minute in 0..=60_u32 {
        let at = now - Duration::from_secs(60) * (60 - minute);
        let mut sample = Sample::new(i64::from(minute) * 10, i64::from(minute));
        sample.queued = Some(u64::from(minute % 7));
        sample.failures = 3;
        history.record(at, &sample).await.unwrap();
    }
    site
}

#[tokio::test]
async fn the_history_tells_what_was_done() {
    let site = with_history().await;
    let stats = site.send(get("/api/v1/stats?span=1h")).await.json();
    let points = stats["history"].as_array().unwrap();
    assert_eq!((points.len(), &stats["minutes"]), (60, &json!(1)));
    assert!(
        points
            .iter()
            .all(|point| point["processed"] == 10 && point["failed"] == 1)
    );
    let day = site.send(get("/api/v1/stats?span=1d")).await.json();
    let total: u64 = day["history"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| p["processed"].as_u64())
        .sum();
    assert_eq!(total, 600);
}

#[tokio::test]
async fn charts_are_drawn_without_a_script_and_told_as_a_table() {
    let site = with_history().await;
    let page = site.send(get("/stats?span=1h")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        page.text.matches("<svg class=\"chart\"").count(),
        3,
        "{}",
        page.text
    );
    assert!(page.text.contains("aria-labelledby=\"chart-attempts\""));
    assert!(page.text.contains("The same as a table"));
    assert!(!page.text.contains("style="), "inline style");
    let none = Site::new().send(get("/stats")).await;
    assert!(none.text.contains("No history yet"), "{}", none.text);
}

#[tokio::test]
async fn a_span_that_there_is_not_is_refused() {
    let site = Site::new();
    let answer = site.send(get("/stats?span=1y")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
