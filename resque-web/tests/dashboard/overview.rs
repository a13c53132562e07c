//! All that the overview promises, on the page and in its twin.

use std::time::Duration;

use resque_core::{Enqueue, FailureRecord, Payload, QueueName};
use serde_json::json;

use crate::support::{Answer, Site, get};

/// Two queues, one of them stopped; a worker that has been at a job for over a minute; a failed and a
/// delayed job.
async fn busy() -> Site {
    let site = Site::new();
    for n in 0..3 {
        let job = format!(r#"{{"class":"Mail","args":[{n}]}}"#);
        site.push("mails", &job).await;
    }
    site.client.create_queue("archive").await.unwrap();
    site.client.stop_queue("archive").await.unwrap();
    site.work("web1~k3x9q:4711-0:*").await;
    let (backend, now) = (site.client.backend().unwrap(), site.client.clock().now());
    let job = Payload::from(r#"{"class":"Mail","args":[9]}"#);
    let record = FailureRecord::new(now, job.clone(), "Timeout", "no luck");
    let record = record.on("web1:1:mails", "mails");
    backend.failures().record(&[record]).await.unwrap();
    let due = now + Duration::from_secs(7_200);
    let later = Enqueue::at(QueueName::new("mails").unwrap(), job, due);
    backend.queues().push(&[later]).await.unwrap();
    site.clock.advance(Duration::from_secs(75));
    site
}

async fn seen(site: &Site) -> (Answer, serde_json::Value) {
    let page = site.send(get("/overview")).await;
    let twin = site.send(get("/api/v1/overview")).await;
    (page, twin.json())
}

/// The row of a table that begins with this link.
fn row<'a>(page: &'a str, link: &str) -> &'a str {
    let rest = page
        .split_once(link)
        .unwrap_or_else(|| panic!("{link}: {page}"))
        .1;
    rest.split_once("</tr>").unwrap().0
}

#[tokio::test]
async fn it_tells_what_waits_what_is_stopped_and_what_is_worked() {
    let site = busy().await;
    let (page, twin) = seen(&site).await;
    let counts = json!([
        twin["pending"],
        twin["workers"],
        twin["working"],
        twin["failures"],
        twin["delayed"]
    ]);
    assert_eq!(counts, json!([2, 1, 1, 1, 1]));
    let mails = &twin["queues"][0];
    let known = json!([
        mails["name"],
        mails["length"],
        mails["stopped"],
        mails["oldest"]
    ]);
    let oldest = "2026-11-20T23:00:00.000Z";
    assert_eq!(known, json!(["mails", 2, false, oldest]));
    assert_eq!(
        (&twin["queues"][1]["stopped"], &twin["queue_count"]),
        (&json!(true), &json!(2))
    );
    let work = &twin["work"][0];
    let known = json!([
        work["host"],
        work["pid"],
        work["queue"],
        work["since"],
        work["job"]["class"]
    ]);
    assert_eq!(known, json!(["web1", "4711-0", "mails", oldest, "Mail"]));

    let mails = row(&page.text, "href=\"/queue?name=mails\"");
    assert!(
        mails.contains(">2</td>") && mails.contains(">1m 15s</time>"),
        "{mails}"
    );
    let archive = row(&page.text, "href=\"/queue?name=archive\"");
    assert!(archive.contains(">stopped<"), "{archive}");
    let work = row(&page.text, "href=\"/worker?id=web1");
    let exact = format!("title=\"{oldest}\" data-time=\"since\">1m 15s</time>");
    assert!(work.contains("Mail") && work.contains(&exact), "{work}");
    assert!(page.text.contains("class=\"bad\""), "failures stand out");
}

#[tokio::test]
async fn it_says_when_nobody_works() {
    let site = busy().await;
    site.submit("/pause", &[]).await;
    let (page, twin) = seen(&site).await;
    assert_eq!(twin["paused"], true);
    assert!(
        page.text.contains("All workers are paused"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn it_is_short_however_much_there_is() {
    let site = Site::new();
    for n in 0..60 {
        let queue = format!("q{n:02}");
        site.push(&queue, "{}").await;
        site.work(&format!("web{n:02}~k3x9q:1-0:{queue}")).await;
    }
    let (page, twin) = seen(&site).await;
    let length = |name: &str| twin[name].as_array().unwrap().len();
    assert_eq!((length("queues"), length("work")), (25, 25));
    assert_eq!(
        (&twin["queue_count"], &twin["working"]),
        (&json!(60), &json!(60))
    );
    assert!(page.text.contains("All 60 queues") && page.text.contains("All 60<"));
}
