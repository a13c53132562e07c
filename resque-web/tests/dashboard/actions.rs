//! Each change, by form and by JSON, and what it did to the store.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{Site, get, post};

/// One of our workers.
const WORKER: &str = "web1~k3x9q:4711-0:*";

fn job(n: u32) -> String {
    format!(r#"{{"class":"A","args":[{n}]}}"#)
}

async fn with_jobs(count: u32) -> Site {
    let site = Site::new();
    for n in 0..count {
        site.push("q", &job(n)).await;
    }
    site
}

#[tokio::test]
async fn all_workers_are_paused_and_go_on() {
    let site = Site::new();
    let answer = site.submit("/pause", &[("back", "/workers")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/workers");
    assert!(site.client.is_paused().await.unwrap());
    site.submit("/resume", &[]).await;
    assert!(!site.client.is_paused().await.unwrap());
    site.send(post("/api/v1/pause", &json!({}))).await;
    assert!(site.client.is_paused().await.unwrap());
    site.send(post("/api/v1/resume", &json!({}))).await;
    assert!(!site.client.is_paused().await.unwrap());
}

#[tokio::test]
async fn a_queue_is_stopped_and_started() {
    let site = with_jobs(1).await;
    let stopped = async || site.client.queue_listing().await.unwrap().queues[0].stopped;
    site.submit("/queue/stop", &[("queue", "q")]).await;
    assert!(stopped().await);
    let page = site.send(get("/queue?name=q")).await.text;
    assert!(page.contains("stopped"), "{page}");
    site.submit("/queue/start", &[("queue", "q")]).await;
    assert!(!stopped().await);
    let answer = site
        .send(post("/api/v1/queue/stop", &json!({"queue": "q"})))
        .await;
    assert_eq!(answer.json(), json!({"changed": 1}));
    assert!(stopped().await);
    site.send(post("/api/v1/queue/start", &json!({"queue": "q"})))
        .await;
    assert!(!stopped().await);
}

#[tokio::test]
async fn a_queue_is_removed_and_the_next_page_tells_it_once() {
    let site = with_jobs(3).await;
    let answer = site.submit("/queue/remove", &[("queue", "q")]).await;
    assert_eq!(answer.header("location"), "/queues");
    assert!(site.client.queues().await.unwrap().is_empty());
    let mut next = get("/queues");
    next.headers_mut()
        .insert("cookie", answer.cookie().parse().unwrap());
    let page = site.send(next).await;
    assert!(
        page.text
            .contains("The queue q is removed, with 3 waiting jobs."),
        "{}",
        page.text
    );
    let cookies = page.headers.get_all("set-cookie");
    let forgets =
        |cookie: &axum::http::HeaderValue| cookie.to_str().unwrap().contains("resque_note=; ");
    assert!(cookies.iter().any(forgets));
    let answer = site
        .send(post("/api/v1/queue/remove", &json!({"queue": "q"})))
        .await;
    assert_eq!(answer.json(), json!({"changed": 0}));
}

#[tokio::test]
async fn one_job_is_removed_and_one_moved_to_the_front() {
    let site = with_jobs(4).await;
    let twin = site.send(get("/api/v1/queue?name=q")).await.json();
    let mark = |at: usize| twin["jobs"][at]["mark"].as_str().unwrap().to_owned();
    let submit = async |path, mark: &str| {
        let fields = [("queue", "q"), ("mark", mark), ("at", "2")];
        site.submit(path, &fields).await
    };
    submit("/queue/job/front", &mark(2)).await;
    assert_eq!(site.waiting("q").await, [job(2), job(0), job(1), job(3)]);
    submit("/queue/job/remove", &mark(0)).await;
    assert_eq!(site.waiting("q").await, [job(2), job(1), job(3)]);
    let by_json = |at| json!({"queue": "q", "mark": mark(at), "at": 3});
    site.send(post("/api/v1/queue/job/front", &by_json(3)))
        .await;
    assert_eq!(site.waiting("q").await, [job(3), job(2), job(1)]);
    site.send(post("/api/v1/queue/job/remove", &by_json(1)))
        .await;
    assert_eq!(site.waiting("q").await, [job(3), job(2)]);
}

#[tokio::test]
async fn a_job_that_has_gone_is_a_conflict_and_no_other_is_touched() {
    let site = with_jobs(2).await;
    let twin = site.send(get("/api/v1/queue?name=q")).await.json();
    let body = json!({"queue": "q", "mark": twin["jobs"][0]["mark"], "at": 0});
    let first = site.send(post("/api/v1/queue/job/remove", &body)).await;
    assert_eq!(first.status, StatusCode::OK);
    let again = site.send(post("/api/v1/queue/job/remove", &body)).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(again.json()["error"], "conflict");
    assert_eq!(site.waiting("q").await, [job(1)]);
    // The mark of one queue says nothing in another one.
    site.push("other", &job(1)).await;
    let twin = site.send(get("/api/v1/queue?name=q")).await.json();
    let body = json!({"queue": "other", "mark": twin["jobs"][0]["mark"], "at": 0});
    let other = site.send(post("/api/v1/queue/job/remove", &body)).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_job_is_found_though_hundreds_were_taken_before_it() {
    let site = with_jobs(1_500).await;
    let twin = site
        .send(get("/api/v1/queue?name=q&from=1400&limit=1"))
        .await
        .json();
    let from = resque_core::QueueList::all();
    let store = site.client.backend().unwrap().queues();
    assert_eq!(store.pop(&from, 1_300).await.unwrap().len(), 1_300);
    let body = json!({"queue": "q", "mark": twin["jobs"][0]["mark"], "at": 1_400});
    let answer = site.send(post("/api/v1/queue/job/front", &body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(site.waiting("q").await[0], job(1_400));
}

#[tokio::test]
async fn what_a_worker_runs_is_asked_to_end() {
    let site = with_jobs(1).await;
    let worker = site.work(WORKER).await;
    let page = site
        .send(get("/worker?id=web1~k3x9q%3A4711-0%3A*"))
        .await
        .text;
    assert!(page.contains("/worker/cancel"), "{page}");
    let answer = site
        .send(post("/api/v1/worker/cancel", &json!({"worker": WORKER})))
        .await;
    assert_eq!(answer.json(), json!({"changed": 1}));
    site.submit("/worker/cancel", &[("worker", WORKER)]).await;
    let store = site.client.backend().unwrap();
    let held = store.workers().workers().await.unwrap();
    let receipt = held
        .get(worker.as_str())
        .unwrap()
        .holds
        .clone()
        .unwrap()
        .receipt;
    let cancel = store.queues().cancel().unwrap();
    assert_eq!(cancel.marked(&[receipt]).await.unwrap(), [true]);
}

#[tokio::test]
async fn a_dead_worker_is_removed_and_its_job_recorded() {
    let site = with_jobs(1).await;
    site.work(WORKER).await;
    let answer = site.submit("/worker/remove", &[("worker", WORKER)]).await;
    assert_eq!(answer.header("location"), "/workers");
    assert!(site.client.workers().await.unwrap().is_empty());
    assert_eq!(site.client.failures().unwrap().count().await.unwrap(), 1);
    let again = site
        .send(post("/api/v1/worker/remove", &json!({"worker": WORKER})))
        .await;
    assert_eq!(again.json(), json!({"changed": 0}));
}

#[tokio::test]
async fn a_form_leads_back_to_our_own_pages_only() {
    let site = Site::new();
    for (back, expected) in [
        ("/queues?order=length", "/queues?order=length"),
        ("//evil.example/", "/overview"),
        ("https://evil.example/", "/overview"),
        ("/\\evil.example", "/overview"),
        ("javascript:alert(1)", "/overview"),
        ("/a\r\nx: y", "/overview"),
        ("", "/overview"),
    ] {
        let answer = site.submit("/resume", &[("back", back)]).await;
        assert_eq!(answer.header("location"), expected, "{back:?}");
    }
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_told() {
    let site = Site::new();
    let answer = site.submit("/queue/stop", &[("other", "q")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("<nav") && answer.text.contains("queue"));
    let answer = site
        .send(post("/api/v1/queue/stop", &json!({"queue": 1})))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = site
        .send(post("/api/v1/queue/stop", &json!({"queue": "a,b"})))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
