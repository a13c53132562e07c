//! The dashboard as a browser or a program sees it, on the memory backend.

mod support;

use axum::http::StatusCode;

use self::support::{Site, get};

#[tokio::test]
async fn the_overview_shows_queues_and_its_twin_tells_them() {
    let site = Site::new();
    site.push("mails", r#"{"class":"Mail","args":[1]}"#).await;
    let page = site.send(get("/overview")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("<bdi>mails</bdi>"), "{}", page.text);
    let twin = site.send(get("/api/v1/overview")).await.json();
    assert_eq!(twin["pending"], 1);
    assert_eq!(twin["queues"][0]["name"], "mails");
}

#[tokio::test]
async fn what_is_not_there_is_told_as_its_readers_like_it() {
    let site = Site::new();
    let page = site.send(get("/nowhere")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("<nav"), "{}", page.text);
    let twin = site.send(get("/api/v1/nowhere")).await;
    assert_eq!(twin.status, StatusCode::NOT_FOUND);
    assert_eq!(twin.json()["error"], "not_found");
}

#[tokio::test]
async fn every_page_answers_with_its_twin() {
    let site = Site::new();
    site.push("mails", r#"{"class":"Mail","args":[1]}"#).await;
    for path in [
        "/overview",
        "/queues",
        "/queue?name=mails",
        "/working",
        "/workers",
        "/backend",
    ] {
        let page = site.send(get(path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        let twin = site.send(get(&format!("/api/v1{path}"))).await;
        assert_eq!(twin.status, StatusCode::OK, "{path}: {}", twin.text);
        assert!(twin.json()["now"].is_string(), "{path}");
    }
}
