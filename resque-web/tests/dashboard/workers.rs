//! Workers by host, and one by one.

use std::time::Duration;

use resque_core::{Settlement, WorkerId};
use serde_json::{Value, json};

use crate::support::{Site, get};

const IDS: [&str; 3] = [
    "web1~k3x9q:4711-0:high,low",
    "web1~k3x9q:4711-1:high,low",
    "web2:88:*",
];

/// Two workers on one host, one on another. The first has failed at a job; it and the last one have
/// another one in hand, and the last one is silent.
async fn fleet() -> Site {
    let site = Site::new();
    let workers = IDS.map(|id| WorkerId::new(id).unwrap());
    let (backend, now) = (site.client.backend().unwrap(), site.client.clock().now());
    backend.workers().register(&workers, now).await.unwrap();
    let (queues, all) = (backend.queues(), "high,low".parse().unwrap());
    let take = async |worker: &WorkerId| {
        site.push("high", r#"{"class":"Mail","args":[7]}"#).await;
        let one = std::slice::from_ref(worker);
        let given = queues.exchange(&[], one, &all, now).await.unwrap();
        given.reserved.into_iter().next().unwrap()
    };
    let job = take(&workers[0]).await;
    let record = resque_core::FailureRecord::new(now, job.payload, "Timeout", "no luck");
    let failed = Settlement::failed(job.receipt, record);
    queues.exchange(&[failed], &[], &all, now).await.unwrap();
    take(&workers[0]).await;
    take(&workers[2]).await;
    site.clock.advance(Duration::from_secs(400));
    let now = site.client.clock().now();
    backend
        .workers()
        .heartbeat(&workers[..2], now)
        .await
        .unwrap();
    site.clock.advance(Duration::from_secs(4));
    site
}

fn ids(page: &Value) -> Vec<&str> {
    let rows = page["workers"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn hosts_are_counted_and_lead_to_their_workers() {
    let site = fleet().await;
    let twin = site.send(get("/api/v1/workers")).await.json();
    assert_eq!(
        (&twin["total"], &twin["working"], ids(&twin)),
        (&json!(3), &json!(2), IDS.to_vec())
    );
    let hosts = json!([
        {"host": "web1", "workers": 2, "working": 1, "late": 0, "processed": 1, "failed": 1},
        {"host": "web2", "workers": 1, "working": 1, "late": 1, "processed": 0, "failed": 0},
    ]);
    assert_eq!(twin["hosts"], hosts);
    let page = site.send(get("/workers")).await.text;
    assert!(
        page.contains("href=\"/workers?host=web1\"") && page.contains("1 silent"),
        "{page}"
    );

    let web1 = site.send(get("/api/v1/workers?host=web1")).await.json();
    assert_eq!(ids(&web1), IDS[..2]);
    let page = site.send(get("/workers?host=web1")).await.text;
    assert!(page.contains("web1") && !page.contains("web2"), "{page}");
}

#[tokio::test]
async fn a_worker_tells_all_about_itself() {
    let site = fleet().await;
    let address = format!(
        "worker?id={}",
        IDS[0].replace(':', "%3A").replace(',', "%2C")
    );
    let twin = site.send(get(&format!("/api/v1/{address}"))).await.json();
    let started = "2026-11-20T23:00:00.000Z";
    let worker = json!({
        "id": IDS[0], "host": "web1", "pid": "4711-0", "queues": "high,low", "started": started,
        "heartbeat": "2026-11-20T23:06:40.000Z", "late": false, "processed": 1, "failed": 1,
        "working_on": "high", "ours": true,
    });
    assert_eq!(twin["worker"], worker);
    assert_eq!(
        (&twin["work"]["since"], &twin["can_cancel"]),
        (&json!(started), &json!(true))
    );
    let page = site.send(get(&format!("/{address}"))).await.text;
    for shown in [
        "high,low",
        ">4s ago</time>",
        ">6m 44s</time>",
        "Ask it to end",
        "[7]",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // Nothing tells a foreign one to end.
    let twin = site
        .send(get("/api/v1/worker?id=web2%3A88%3A*"))
        .await
        .json();
    assert_eq!(
        (&twin["can_cancel"], &twin["worker"]["late"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn many_workers_are_told_page_by_page_each_once() {
    let site = Site::new();
    for n in 0..7 {
        site.push("q", "{}").await;
        site.work(&format!("web1~k3x9q:1-{n}:q")).await;
        site.clock.advance(Duration::from_secs(1));
    }
    let expected: Vec<_> = (0..7).map(|n| format!("web1~k3x9q:1-{n}:q")).collect();
    for (path, list, name, mark) in [
        ("workers", "workers", "id", "after"),
        ("working", "work", "worker", "from"),
    ] {
        let (mut seen, mut address) = (Vec::new(), format!("/api/v1/{path}?limit=3"));
        for _ in 0..3 {
            let page = site.send(get(&address)).await.json();
            let rows = page[list].as_array().unwrap().iter();
            seen.extend(rows.map(|row| row[name].as_str().unwrap().to_owned()));
            let next = match &page["next"] {
                Value::String(next) => next.replace(':', "%3A"),
                next => next.to_string(),
            };
            address = format!("/api/v1/{path}?limit=3&{mark}={next}");
        }
        assert_eq!(seen, expected, "{path}");
        assert!(address.ends_with("null"), "{path}: {address}");
    }
}
