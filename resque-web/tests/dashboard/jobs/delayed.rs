//! Jobs that wait for their time.

use std::time::Duration;

use axum::http::StatusCode;
use resque_core::{Enqueue, Page, QueueName};
use serde_json::json;

use super::forms::{Browser, post_json};
use crate::support::{Site, get};

async fn delay(site: &Site, numbers: std::ops::Range<u64>) {
    let now = site.client.clock().now();
    let queue = QueueName::new("later").unwrap();
    let job = |n: u64| {
        let payload = format!(r#"{{"class":"Remind","args":[{n}]}}"#);
        Enqueue::at(queue.clone(), payload, now + Duration::from_secs(60 + n))
    };
    let jobs: Vec<_> = numbers.map(job).collect();
    let store = site.client.backend().unwrap().queues();
    store.push(&jobs).await.unwrap();
}

/// The names of those that wait, the next one first.
async fn ids(site: &Site) -> Vec<String> {
    let page = site
        .client
        .delayed()
        .unwrap()
        .page(None, 50_000)
        .await
        .unwrap();
    page.jobs
        .iter()
        .map(|job| job.id.as_str().to_owned())
        .collect()
}

async fn waiting(site: &Site) -> usize {
    site.client.peek("later", Page::ALL).await.unwrap().len()
}

#[tokio::test]
async fn the_next_one_comes_first_and_pages_follow() {
    let site = Site::new();
    delay(&site, 0..70).await;
    let first = site.send(get("/api/v1/delayed")).await.json();
    assert_eq!(
        (&first["total"], first["jobs"].as_array().unwrap().len()),
        (&json!(70), 50)
    );
    assert_eq!(first["jobs"][0]["job"]["args"], json!([0]));
    let path = format!("/api/v1/delayed?after={}", first["next"].as_str().unwrap());
    let rest = site.send(get(&path)).await.json();
    assert_eq!(rest["jobs"].as_array().unwrap().len(), 20);
    assert!(rest["next"].is_null());
    let page = site.send(get("/delayed")).await;
    assert!(
        page.text.contains(">in 1m 0s<") && page.text.contains("rel=\"next\""),
        "{}",
        page.text
    );
    let broken = site.send(get("/delayed?after=broken")).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST, "{}", broken.text);
}

#[tokio::test]
async fn chosen_jobs_are_enqueued_cancelled_and_moved() {
    let site = Site::new();
    delay(&site, 0..6).await;
    let browser = Browser::new(&site).await;
    let ids = ids(&site).await;
    browser
        .post("/delayed/enqueue", &[("id", &ids[0]), ("id", &ids[1])])
        .await;
    assert_eq!(waiting(&site).await, 2);
    browser.post("/delayed/cancel", &[("id", &ids[2])]).await;
    let fields = [("id", ids[3].as_str()), ("to", "2099-01-01 12:00")];
    let answer = browser.post("/delayed/move", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let left = site
        .client
        .delayed()
        .unwrap()
        .page(None, 9)
        .await
        .unwrap()
        .jobs;
    assert_eq!(left.len(), 3);
    let shown = site.send(get("/api/v1/delayed")).await.json();
    assert_eq!(shown["jobs"][2]["due"], "2099-01-01T12:00:00.000Z");
    for (path, fields, status) in [
        (
            "/delayed/move",
            vec![("id", ids[4].as_str())],
            StatusCode::BAD_REQUEST,
        ),
        (
            "/delayed/move",
            vec![("id", ids[4].as_str()), ("to", "soon")],
            StatusCode::BAD_REQUEST,
        ),
        (
            "/delayed/cancel",
            vec![("id", ids[2].as_str())],
            StatusCode::CONFLICT,
        ),
        ("/delayed/enqueue", vec![], StatusCode::BAD_REQUEST),
    ] {
        let answer = browser.post(path, &fields).await;
        assert_eq!(answer.status, status, "{path} {fields:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn thousands_are_changed_at_once_and_all_can_be_cancelled() {
    let site = Site::new();
    delay(&site, 0..5_000).await;
    let mut some = ids(&site).await;
    some.truncate(3_000);
    let answer = post_json(&site, "/api/v1/delayed/cancel", &json!({"ids": some})).await;
    assert_eq!(answer.json()["changed"], 3_000);
    let again = post_json(&site, "/api/v1/delayed/cancel", &json!({"ids": some})).await;
    assert_eq!(again.json()["gone"], 3_000);
    let browser = Browser::new(&site).await;
    browser.post("/delayed/clear", &[]).await;
    assert_eq!(ids(&site).await.len(), 0);
    assert_eq!(waiting(&site).await, 0);
}
