//! Recurring jobs.

use axum::http::StatusCode;
use resque_core::{Page, Schedule};
use serde_json::json;

use super::forms::{Browser, post_json};
use crate::support::{Site, get, lead};

async fn with_nightly() -> Site {
    let site = Site::new();
    let nightly = Schedule::raw(
        "nightly <b>",
        "Archive",
        &(44, "main", json!({"token": "hush"})),
    )
    .unwrap()
    .queue("file_serve")
    .unwrap()
    .cron("0 3 * * * UTC")
    .unwrap()
    .description("Keeps what matters");
    site.client
        .schedules()
        .unwrap()
        .set(&nightly)
        .await
        .unwrap();
    site
}

async fn waiting(site: &Site) -> Vec<String> {
    let jobs = site.client.peek("file_serve", Page::ALL).await.unwrap();
    jobs.iter().map(|job| job.args_json().to_owned()).collect()
}

#[tokio::test]
async fn a_schedule_tells_when_it_runs() {
    let site = with_nightly().await;
    let page = site.send(get("/schedules")).await;
    for shown in [
        "nightly &#60;b&#62;",
        "cron 0 3 * * *",
        "Keeps what matters",
        "[redacted]",
    ] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(!page.text.contains("hush"));
    let twin = site.send(get("/api/v1/schedules")).await.json();
    let row = &twin["schedules"][0];
    assert_eq!(
        (&row["enabled"], &row["next"]),
        (&json!(true), &json!("2026-11-21T03:00:00.000Z"))
    );
    assert_eq!(row["upcoming"][0], "2026-11-22T03:00:00.000Z");
    let empty = Site::new().send(get("/schedules")).await;
    assert!(empty.text.contains("No recurring job"));
}

#[tokio::test]
async fn its_job_is_enqueued_at_once_with_its_arguments_or_others() {
    let site = with_nightly().await;
    let browser = Browser::new(&site).await;
    let name = ("name", "nightly <b>");
    let answer = browser.post("/schedules/enqueue", &[name]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let args = ("args", "[12345678901234567890123]");
    browser.post("/schedules/enqueue", &[name, args]).await;
    let expected = [
        r#"[44,"main",{"token":"hush"}]"#,
        "[12345678901234567890123]",
    ];
    assert_eq!(waiting(&site).await, expected);
    for (fields, status) in [
        (vec![("name", "nobody")], StatusCode::NOT_FOUND),
        (vec![name, ("args", "{}")], StatusCode::BAD_REQUEST),
        (vec![], StatusCode::BAD_REQUEST),
    ] {
        let answer = browser.post("/schedules/enqueue", &fields).await;
        assert_eq!(answer.status, status, "{fields:?}: {}", answer.text);
    }
    assert_eq!(waiting(&site).await.len(), 2);
}

#[tokio::test]
async fn a_schedule_is_switched_and_removed() {
    let site = with_nightly().await;
    let enabled = async || {
        let known = site.client.schedules().unwrap().get("nightly <b>").await;
        known.unwrap().map(|status| status.enabled)
    };
    let name = json!({"name": "nightly <b>"});
    post_json(&site, "/api/v1/schedules/disable", &name).await;
    assert_eq!(enabled().await, Some(false));
    let page = site.send(get("/schedules")).await;
    assert!(page.text.contains("Switch on"));
    post_json(&site, "/api/v1/schedules/enable", &name).await;
    assert_eq!(enabled().await, Some(true));
    let browser = Browser::new(&site).await;
    browser
        .post("/schedules/remove", &[("name", "nightly <b>")])
        .await;
    assert_eq!(enabled().await, None);
    let again = browser
        .post("/schedules/remove", &[("name", "nightly <b>")])
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let unknown = post_json(&site, "/api/v1/schedules/enable", &name).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_is_told_who_fires_schedules() {
    let site = with_nightly().await;
    let told = async || {
        let page = site.send(get("/schedules")).await;
        let twin = site.send(get("/api/v1/schedules")).await.json();
        (page.text, twin["leader"].clone())
    };
    let (page, leader) = told().await;
    assert!(page.contains("No worker fires them now."));
    assert_eq!(leader, json!(null));
    lead(&site, "web<1>:4711").await;
    let (page, leader) = told().await;
    assert!(page.contains("Fired by <code><bdi>web&#60;1&#62;:4711</bdi></code>."));
    assert_eq!(leader, "web<1>:4711");
}
