//! Changing all failed jobs that a filter wants.

use axum::http::StatusCode;
use resque_core::testing::{Fault, Operation};
use serde_json::json;

use super::failed::{entries, fail, ids, waiting};
use super::forms::{Browser, post_json};
use crate::outages::faulty;
use crate::support::{Site, get};

#[tokio::test]
async fn all_that_match_go_back_in_parts_each_job_once() {
    let site = Site::new();
    fail(&site, 0..45_000).await;
    let browser = Browser::new(&site).await;
    let fields = [("what", "retry"), ("exception", "Timeout")];
    let mut answer = browser.post("/failed/all", &fields).await;
    let mut parts = 1;
    while answer.status == StatusCode::OK {
        assert!(answer.text.contains("<progress"), "{}", answer.text);
        // A job that fails again at once is not put back again.
        fail(&site, 100_000..100_001).await;
        let fields = browser.fields(&answer.text, "/failed/all");
        let form = serde_urlencoded::to_string(&fields).unwrap();
        // Sending a part once more puts nothing back twice.
        browser.post_raw("/failed/all", form.clone()).await;
        answer = browser.post_raw("/failed/all", form).await;
        parts += 1;
    }
    assert_eq!(
        (answer.status, parts),
        (StatusCode::SEE_OTHER, 3),
        "{}",
        answer.text
    );
    let back = waiting(&site, "mail").await;
    let expected: Vec<_> = (0..45_000).step_by(10).map(|n| format!("[{n}]")).collect();
    assert_eq!(back.len(), expected.len());
    assert!(back == expected, "the oldest first");
}

#[tokio::test]
async fn all_that_match_are_removed_while_others_remove_too() {
    let site = Site::new();
    fail(&site, 0..30_000).await;
    let mut body = json!({"what": "remove", "exception": "IOError"});
    let mut changed = 0;
    let read = loop {
        let part = post_json(&site, "/api/v1/failures/all", &body).await;
        assert_eq!(part.status, StatusCode::OK, "{}", part.text);
        let part = part.json();
        changed += part["part"]["changed"].as_u64().unwrap();
        let Some(next) = part["next"].as_str() else {
            break part["read"].as_u64().unwrap();
        };
        body["after"] = next.into();
        body["before"] = part["before"].clone();
        body["read"] = part["read"].clone();
        // Somebody else removes one behind and one before it.
        let left = entries(&site).await;
        let gone = [left[0].id.clone(), left[left.len() - 1].id.clone()];
        let store = site.client.backend().unwrap().failures();
        store.remove(&gone).await.unwrap();
    };
    let left = entries(&site).await;
    assert!(
        left.iter()
            .all(|entry| entry.content.record().unwrap().exception == "Timeout")
    );
    assert!((2_996..=3_000).contains(&left.len()), "{}", left.len());
    assert!((26_990..=27_000).contains(&changed), "{changed}");
    assert!(read >= 29_990, "{read}");
}

#[tokio::test]
async fn racing_visitors_put_a_job_back_once_if_its_record_goes() {
    let site = Site::new();
    fail(&site, 0..500).await;
    let body = json!({"ids": ids(&site).await, "remove": true});
    let both = tokio::join!(
        post_json(&site, "/api/v1/failures/retry", &body),
        post_json(&site, "/api/v1/failures/retry", &body)
    );
    let changed = |answer: &crate::support::Answer| answer.json()["changed"].as_u64().unwrap();
    assert_eq!(changed(&both.0) + changed(&both.1), 500);
    assert_eq!(waiting(&site, "mail").await.len(), 500);
    assert_eq!(ids(&site).await.len(), 0);
}

#[tokio::test]
async fn clearing_removes_all_or_what_was_retried() {
    let site = Site::new();
    fail(&site, 0..3).await;
    let browser = Browser::new(&site).await;
    let first = ids(&site).await.remove(0);
    browser.post("/failed/retry", &[("id", &first)]).await;
    // A moment later, so that what was put back lies before.
    site.client.stats().unwrap().set("x", 1).await.unwrap();
    browser
        .post("/failed/all", &[("what", "remove"), ("retried", "yes")])
        .await;
    assert_eq!(ids(&site).await.len(), 2);
    let answer = browser.post("/failed/clear", &[]).await;
    assert_eq!(answer.headers["location"], "/failed");
    assert_eq!(ids(&site).await.len(), 0);
    let page = site.send(get("/failed")).await;
    assert!(page.text.contains("No job has failed"));
}

#[tokio::test]
async fn two_who_put_all_back_at_the_same_time_put_each_back_once() {
    let (site, faults) = faulty();
    fail(&site, 0..50).await;
    let body = json!({"what": "retry"});
    let all = || post_json(&site, "/api/v1/failures/all", &body);
    faults.next(Operation::Retry, Fault::Late);
    let second = async {
        // The first one has read what there is, and is about to put it back.
        while faults.calls(Operation::Retry) == 0 {
            tokio::task::yield_now().await;
        }
        let second = all().await;
        faults.let_go();
        second
    };
    let (first, second) = tokio::join!(all(), second);
    let told = [first.json(), second.json()].map(|answer| answer["part"]["changed"].clone());
    assert_eq!(told, [0, 50]);
    assert_eq!(waiting(&site, "mail").await.len(), 50);
}
