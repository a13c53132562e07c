//! Looking for jobs.

use std::time::Duration;

use axum::http::StatusCode;
use resque_core::{Enqueue, FailureRecord, Payload, QueueName, WorkerId};
use serde_json::{Value, json};

use crate::support::{Site, get};

async fn find(site: &Site, query: &str) -> Value {
    let answer = site.send(get(&format!("/api/v1/search?{query}"))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

fn places(found: &Value) -> Vec<String> {
    let found = found["found"].as_array().unwrap().iter();
    found
        .map(|one| one["place"].as_str().unwrap().to_owned())
        .collect()
}

/// One job of the class `Needle` in each place, among others.
async fn scattered() -> Site {
    let site = Site::new();
    let now = site.client.clock().now();
    let needle = |n: u32| format!(r#"{{"class":"Needle","args":[{n}]}}"#);
    let store = site.client.backend().unwrap();
    let slot = WorkerId::compose("web1", "abcde", 7, 0, "*").unwrap();
    store
        .workers()
        .register(std::slice::from_ref(&slot), now)
        .await
        .unwrap();
    site.push("a", &needle(1)).await;
    let from = "*".parse().unwrap();
    store
        .queues()
        .exchange(&[], &[slot], &from, now)
        .await
        .unwrap();
    for queue in ["a", "b"] {
        site.push(queue, r#"{"class":"Hay","args":[]}"#).await;
    }
    site.push("b", &needle(2)).await;
    let due = Enqueue::at(
        QueueName::new("b").unwrap(),
        needle(3),
        now + Duration::from_secs(60),
    );
    store.queues().push(&[due]).await.unwrap();
    let record = FailureRecord::new(now, Payload::from(needle(4)), "E", "e").on("w", "b");
    store.failures().record(&[record]).await.unwrap();
    site
}

#[tokio::test]
async fn a_job_is_found_wherever_it_is() {
    let site = scattered().await;
    let found = find(&site, "text=needle").await;
    assert_eq!(places(&found), ["working", "queued", "delayed", "failed"]);
    assert!(found["next"].is_null());
    assert_eq!(
        (&found["found"][1]["queue"], &found["found"][1]["at"]),
        (&json!("b"), &json!(1))
    );
    assert_eq!(
        places(&find(&site, "text=needle&place=queued").await),
        ["queued"]
    );
    assert_eq!(places(&find(&site, "queue=a").await), ["working", "queued"]);
    assert_eq!(places(&find(&site, "text=nothing").await), [""; 0]);
    assert_eq!(find(&site, "").await["read"], 0);
    let page = site.send(get("/search?text=needle")).await;
    assert!(page.text.contains("/failure?id="), "{}", page.text);
    assert!(
        page.text.contains("/queue?name=b&amp;from=1"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_page_reads_a_bounded_number_and_the_next_goes_on() {
    let site = Site::new();
    let queue = QueueName::new("big").unwrap();
    let job = |n: u32| {
        let class = if n % 1_000 == 999 { "Needle" } else { "Hay" };
        Enqueue::new(
            queue.clone(),
            format!(r#"{{"class":"{class}","args":[{n}]}}"#),
        )
    };
    let jobs: Vec<_> = (0..12_000).map(job).collect();
    site.client
        .backend()
        .unwrap()
        .queues()
        .push(&jobs)
        .await
        .unwrap();
    let (mut after, mut found, mut read) = (String::new(), Vec::new(), 0);
    loop {
        let page = find(&site, &format!("text=needle&after={after}")).await;
        let part = page["read"].as_u64().unwrap();
        assert!(part <= 5_500, "{part}");
        read += part;
        assert!(read <= 12_000, "pages without an end");
        let jobs = page["found"].as_array().unwrap().iter();
        found.extend(jobs.map(|one| one["at"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let expected: Vec<u64> = (0..12).map(|n| n * 1_000 + 999).collect();
    assert_eq!((found, read), (expected, 12_000));
}

#[tokio::test]
async fn a_search_that_makes_no_sense_says_why() {
    let site = Site::new();
    for (query, word) in [
        ("text=a&place=nowhere", "working, queued"),
        ("text=a&after=%00", "first"),
        ("text=a&queue=a,b", "no queue name"),
    ] {
        let page = site.send(get(&format!("/search?{query}"))).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.text.contains(word), "{query}: {}", page.text);
    }
}
