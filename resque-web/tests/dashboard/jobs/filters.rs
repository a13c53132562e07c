//! Each condition on failed jobs does its work by itself: on the page, in its twin, in groups, and
//! where all that match are changed.

use std::time::Duration;

use resque_core::{FailureRecord, Payload};
use serde_json::{Value, json};

use super::failed::entries;
use super::forms::post_json;
use crate::support::{Site, get};

/// Five records of which each condition below wants a number of its own.
async fn site() -> Site {
    let site = Site::new();
    let now = site.client.clock().now();
    let kinds = [
        ("Mail", "Timeout", "slow", "no luck with 4711"),
        ("Mail", "Timeout", "slow", "no luck"),
        ("Mail", "Timeout", "fast", "no luck"),
        ("Mail", "Refused", "fast", "no luck"),
        ("Bill", "Refused", "fast", "no luck"),
    ];
    let records = (0..)
        .zip(kinds)
        .map(|(n, (class, exception, queue, error))| {
            let job = Payload::from(format!(r#"{{"class":"{class}","args":[{n}]}}"#));
            let at = now - Duration::from_secs(3_600 * (10 - n));
            let mut record = FailureRecord::new(at, job, exception, error).on("web1:7:*", queue);
            record.retried_at = (n == 4).then_some(now - Duration::from_secs(60));
            record
        });
    let records: Vec<_> = records.collect();
    let store = site.client.backend().unwrap().failures();
    store.record(&records).await.unwrap();
    site
}

/// A condition, and which of the records it wants, the newest first. The test's clock begins on
/// 20 November 2026 at 23:00:00 UTC.
const CONDITIONS: [(&str, &str, &[u64]); 9] = [
    ("class", "Bill", &[4]),
    ("class", "Mail", &[3, 2, 1, 0]),
    ("exception", "Refused", &[4, 3]),
    ("queue", "slow", &[1, 0]),
    ("text", "4711", &[0]),
    ("retried", "yes", &[4]),
    ("retried", "no", &[3, 2, 1, 0]),
    ("since", "2026-11-20T15:00:00", &[4, 3, 2]),
    ("until", "2026-11-20T15:00:00", &[1, 0]),
];

fn numbers(rows: &Value) -> Vec<u64> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["job"]["args"][0].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn each_condition_finds_its_own_records() {
    let site = site().await;
    let all = site.send(get("/api/v1/failures")).await.json();
    assert_eq!(numbers(&all["failures"]), [4, 3, 2, 1, 0]);
    for (name, value, wanted) in CONDITIONS {
        let query = format!("{name}={value}");
        let twin = site.send(get(&format!("/api/v1/failures?{query}"))).await;
        assert_eq!(numbers(&twin.json()["failures"]), wanted, "{query}");
        let page = site.send(get(&format!("/failed?{query}"))).await.text;
        let rows = page.matches("aria-label=\"Choose this job\"").count();
        assert_eq!(rows, wanted.len(), "{query}: {page}");
        let groups = site.send(get(&format!("/api/v1/failures/groups?{query}")));
        assert_eq!(groups.await.json()["found"], wanted.len(), "{query}");
    }
    let both = site.send(get("/api/v1/failures?exception=Timeout&queue=fast"));
    assert_eq!(numbers(&both.await.json()["failures"]), [2]);
}

#[tokio::test]
async fn what_is_removed_is_what_the_condition_wants() {
    for (name, value, wanted) in CONDITIONS {
        let site = site().await;
        let body = json!({"what": "remove", name: value});
        let part = post_json(&site, "/api/v1/failures/all", &body).await;
        assert_eq!(
            part.json()["part"]["changed"],
            wanted.len(),
            "{name}={value}"
        );
        let left = entries(&site).await.len();
        assert_eq!(left, 5 - wanted.len(), "{name}={value}");
    }
}
