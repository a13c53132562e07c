//! Failed jobs.

use std::time::Duration;

use axum::http::StatusCode;
use resque_core::{
    FailureEntry, FailureFilter, FailureOrder, FailureQuery, FailureRecord, Page, Payload,
};
use serde_json::json;

use super::forms::{Browser, between, post_json};
use crate::support::{Site, get};

/// Records failed jobs of the class `Mail`, one a second.
pub(crate) async fn fail(site: &Site, numbers: std::ops::Range<u64>) {
    let start = site.client.clock().now();
    let record = |n: u64| {
        let payload = Payload::from(format!(r#"{{"class":"Mail","args":[{n}]}}"#));
        let at = start - Duration::from_secs(100_000 - n);
        let exception = if n.is_multiple_of(10) {
            "Timeout"
        } else {
            "IOError"
        };
        FailureRecord::new(at, payload, exception, format!("number {n}"))
            .on("web1~abcde:7-0:*", "mail")
    };
    let records: Vec<_> = numbers.map(record).collect();
    let store = site.client.backend().unwrap().failures();
    store.record(&records).await.unwrap();
}

pub(crate) async fn entries(site: &Site) -> Vec<FailureEntry> {
    let query = FailureQuery::new(FailureFilter::default())
        .order(FailureOrder::OldestFirst)
        .limit(100_000)
        .scan_budget(100_000);
    let failures = site.client.failures().unwrap();
    failures.page(&query).await.unwrap().entries
}

pub(crate) async fn ids(site: &Site) -> Vec<String> {
    let entries = entries(site).await;
    entries.iter().map(|entry| entry.id.to_string()).collect()
}

pub(crate) async fn waiting(site: &Site, queue: &str) -> Vec<String> {
    let jobs = site.client.peek(queue, Page::ALL).await.unwrap();
    jobs.iter().map(|job| job.args_json().to_owned()).collect()
}

#[tokio::test]
async fn the_newest_come_first_and_pages_follow_by_cursor() {
    let site = Site::new();
    fail(&site, 0..120).await;
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = site
            .send(get(&format!("/api/v1/failures?after={after}")))
            .await
            .json();
        assert_eq!(page["total"], 120);
        let rows = page["failures"].as_array().unwrap().clone();
        seen.extend(
            rows.iter()
                .map(|row| row["error"].as_str().unwrap().to_owned()),
        );
        assert!(seen.len() <= 120, "pages without an end");
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let expected: Vec<_> = (0..120).rev().map(|n| format!("number {n}")).collect();
    assert_eq!(seen, expected);
    let page = site.send(get("/failed?order=oldest")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("number 0<") && !page.text.contains("number 50<"));
    assert!(page.text.contains("rel=\"next\""), "{}", page.text);
}

#[tokio::test]
async fn filters_find_and_say_how_many_they_read() {
    let site = Site::new();
    fail(&site, 0..5_000).await;
    let find = async |query: &str| {
        let path = format!("/api/v1/failures?{query}");
        site.send(get(&path)).await.json()
    };
    let one = find("text=NUMBER%204321").await;
    assert_eq!(one["failures"].as_array().unwrap().len(), 1);
    assert!(one["read"].as_u64().unwrap() <= 2_000);
    let none = find("class=Other").await;
    assert_eq!(
        (&none["read"], none["failures"].as_array().unwrap().len()),
        (&json!(2_000), 0)
    );
    assert!(none["next"].is_string(), "there is more to read");
    let timeouts = find("exception=Timeout&queue=mail&retried=no&limit=5").await;
    assert_eq!(timeouts["failures"][0]["error"], "number 4990");
    let newest = find("limit=2").await;
    let since = newest["failures"][1]["failed_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let late = find(&format!("since={since}")).await;
    assert_eq!(late["failures"].as_array().unwrap().len(), 2, "{since}");
    let early = find(&format!("until={since}&limit=1")).await;
    assert_eq!(early["failures"][0]["error"], "number 4997");
    let page = site.send(get("/failed?class=Other")).await;
    assert!(page.text.contains("Read on"), "{}", page.text);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_word() {
    let site = Site::new();
    fail(&site, 0..3).await;
    for (path, status, word) in [
        ("/failed?after=broken", StatusCode::BAD_REQUEST, "first"),
        ("/failed?retried=maybe", StatusCode::BAD_REQUEST, "yes, no"),
        (
            "/failed?since=yesterday",
            StatusCode::BAD_REQUEST,
            "no time",
        ),
        (
            "/failed?order=sideways",
            StatusCode::BAD_REQUEST,
            "sideways",
        ),
        (
            "/failed/groups?by=colour",
            StatusCode::BAD_REQUEST,
            "colour",
        ),
        (
            "/failed/groups?after=broken",
            StatusCode::BAD_REQUEST,
            "first",
        ),
        ("/failure?id=4711", StatusCode::NOT_FOUND, "removed"),
        ("/failure", StatusCode::BAD_REQUEST, "id"),
    ] {
        let page = site.send(get(path)).await;
        assert_eq!(page.status, status, "{path}: {}", page.text);
        assert!(page.text.contains(word), "{path}: {}", page.text);
        assert!(page.text.contains("<nav"), "{path}");
    }
    let twin = site.send(get("/api/v1/failures?after=broken")).await;
    assert_eq!(
        (twin.status, &twin.json()["error"]),
        (StatusCode::BAD_REQUEST, &json!("bad_request"))
    );
    let twin = site.send(get("/api/v1/failure?id=4711")).await;
    assert_eq!(twin.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn groups_count_and_lead_to_their_records() {
    let site = Site::new();
    fail(&site, 0..100).await;
    let groups = site.send(get("/api/v1/failures/groups")).await.json();
    assert_eq!(groups["groups"][0]["name"], "IOError");
    assert_eq!(groups["groups"][0]["count"], 90);
    assert_eq!(groups["groups"][1]["count"], 10);
    assert_eq!(groups["read"], 100);
    let by_class = site
        .send(get("/api/v1/failures/groups?by=class&exception=Timeout"))
        .await;
    assert_eq!(by_class.json()["groups"][0]["count"], 10);
    let page = site.send(get("/failed/groups")).await;
    let link = between(&page.text, "<th scope=\"row\"><a href=\"", "\"");
    let list = site
        .send(get(&link.replace("&amp;", "&").replace("&#38;", "&")))
        .await;
    assert!(
        list.text.contains("IOError") && !list.text.contains("Timeout"),
        "{link}"
    );
}

#[tokio::test]
async fn a_group_reads_a_bounded_number_and_goes_on() {
    let site = Site::new();
    fail(&site, 0..7_000).await;
    let first = site
        .send(get("/api/v1/failures/groups?by=queue"))
        .await
        .json();
    assert_eq!(
        (&first["read"], &first["groups"][0]["count"]),
        (&json!(5_000), &json!(5_000))
    );
    let after = first["next"].as_str().unwrap();
    let path = format!("/api/v1/failures/groups?by=queue&after={after}");
    let rest = site.send(get(&path)).await.json();
    assert_eq!(
        (&rest["read"], rest["next"].is_null()),
        (&json!(2_000), true)
    );
}

#[tokio::test]
async fn a_failure_shows_everything_exactly() {
    let site = Site::new();
    let payload = r#"{ "class":"Pay", "args":[12345678901234567890123, {"token":"hunter2"}],"rs":{"attempts":3,"first_at":1795215600000,"error":{"exception":"IOError","message":"disk full"},"deaths":[{"at":1795215600000,"host":"web9","pid":7,"signal":9}]}}"#;
    let now = site.client.clock().now();
    let record = FailureRecord::new(
        now,
        Payload::from(payload),
        "Boom<script>",
        "it \u{202e}broke & \"burnt\"",
    )
    .on("web1~abcde:7-0:*", "money")
    .backtrace(vec!["src/pay.rs:12".into(), "<b>src/main.rs:3</b>".into()]);
    site.client
        .failures()
        .unwrap()
        .record(record)
        .await
        .unwrap();
    let id = ids(&site).await.remove(0);
    let page = site.send(get(&format!("/failure?id={id}"))).await;
    assert_eq!(page.status, StatusCode::OK);
    for shown in [
        "12345678901234567890123",
        "[redacted]",
        "Boom&#60;script&#62;",
        "it \\u{202e}broke &#38; &#34;burnt&#34;",
        "src/pay.rs:12",
        "&#60;b&#62;src/main.rs:3",
        "disk full",
        "web9",
        "signal 9",
    ] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(!page.text.contains("hunter2") && !page.text.contains("<script>"));
    let twin = site.send(get(&format!("/api/v1/failure?id={id}"))).await;
    assert!(
        twin.text.contains("12345678901234567890123"),
        "{}",
        twin.text
    );
    assert!(!twin.text.contains("hunter2"));
    let twin = twin.json();
    assert_eq!(
        (&twin["record"]["attempts"], &twin["deaths"][0]["signal"]),
        (&json!(3), &json!(9))
    );
}

#[tokio::test]
async fn chosen_jobs_go_back_or_go_away_by_their_ids() {
    let site = Site::new();
    fail(&site, 0..5).await;
    let browser = Browser::new(&site).await;
    let ids = ids(&site).await;
    // The list changes under the page: ids still mean the same jobs.
    site.client
        .failures()
        .unwrap()
        .remove(&entries(&site).await[0].id)
        .await
        .unwrap();
    let chosen = [("id", ids[1].as_str()), ("id", &ids[3]), ("id", &ids[0])];
    let answer = browser.post("/failed/retry", &chosen).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.headers["location"], "/failed");
    assert_eq!(waiting(&site, "mail").await, ["[1]", "[3]"]);
    let retried: Vec<_> = entries(&site).await;
    let retried = retried
        .iter()
        .map(|e| e.content.record().unwrap().retried_at.is_some());
    assert_eq!(retried.collect::<Vec<_>>(), [true, false, true, false]);

    let answer = browser.post("/failed/remove", &chosen[..2]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(self::ids(&site).await, [ids[2].clone(), ids[4].clone()]);
}

#[tokio::test]
async fn a_job_can_go_into_another_queue_and_its_record_away() {
    let site = Site::new();
    fail(&site, 0..2).await;
    let ids = ids(&site).await;
    let browser = Browser::new(&site).await;
    let fields = [("id", ids[0].as_str()), ("queue", "slow"), ("remove", "1")];
    browser.post("/failed/retry", &fields).await;
    assert_eq!(waiting(&site, "slow").await, ["[0]"]);
    assert_eq!(self::ids(&site).await, [ids[1].clone()]);
    let answer = browser
        .post("/failed/retry", &[("id", &ids[1]), ("queue", "a,b")])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("no queue name"), "{}", answer.text);
}

#[tokio::test]
async fn what_has_gone_is_told() {
    let site = Site::new();
    fail(&site, 0..1).await;
    let browser = Browser::new(&site).await;
    for path in ["/failed/retry", "/failed/remove"] {
        let answer = browser.post(path, &[("id", "4711")]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
        let answer = browser.post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text.contains("chosen"), "{}", answer.text);
    }
    let twin = post_json(&site, "/api/v1/failures/retry", &json!({"ids": ["4711"]})).await;
    assert_eq!(
        (&twin.json()["changed"], &twin.json()["gone"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(ids(&site).await.len(), 1);
}

#[tokio::test]
async fn who_may_only_look_sees_no_buttons_and_changes_nothing() {
    let site = Site::with(|dashboard| dashboard.read_only());
    fail(&site, 0..1).await;
    let id = ids(&site).await.remove(0);
    for path in ["/failed".to_owned(), format!("/failure?id={id}")] {
        let page = site.send(get(&path)).await;
        assert!(!page.text.contains("method=\"post\""), "{path}");
    }
    let answer = post_json(&site, "/api/v1/failures/remove", &json!({"ids": [id]})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(ids(&site).await.len(), 1);
}
