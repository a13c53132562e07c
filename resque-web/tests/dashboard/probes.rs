//! What programs that watch are told.

use std::time::Duration;

use axum::http::StatusCode;
use resque_web::Access;

use crate::outages::faulty;
use crate::support::{Site, get};

#[tokio::test]
async fn ruby_s_numbers_in_ruby_s_words() {
    let site = Site::new();
    site.push("high", "{}").await;
    site.push("low", "{}").await;
    site.push("low", "{}").await;
    site.work("web1~k3x9q:1-0:high").await;
    let stats = site.send(get("/stats.txt")).await;
    assert!(stats.header("content-type").starts_with("text/plain"));
    assert_eq!(
        stats.text,
        "resque.pending=2\nresque.processed+=0\nresque.failed+=0\nresque.workers=1\n\
         resque.working=1\nqueues.high=0\nqueues.low=2"
    );
}

#[tokio::test]
async fn numbers_for_prometheus() {
    let site = Site::new();
    site.push("a\"b\\c", "{}").await;
    let metrics = site.send(get("/metrics")).await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(
        metrics
            .text
            .contains("resque_queue_jobs{queue=\"a\\\"b\\\\c\"} 1\n"),
        "{}",
        metrics.text
    );
    assert!(
        metrics.text.contains("\nresque_workers 0\n"),
        "{}",
        metrics.text
    );
    for line in metrics.text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn probes_ask_no_password_and_numbers_do() {
    let site = Site::with(|dashboard| dashboard.access(Access::bearer("t")));
    for (path, status) in [
        ("/healthz", StatusCode::OK),
        ("/readyz", StatusCode::OK),
        ("/metrics", StatusCode::UNAUTHORIZED),
        ("/stats.txt", StatusCode::UNAUTHORIZED),
        ("/live", StatusCode::UNAUTHORIZED),
        ("/api/v1/openapi.json", StatusCode::UNAUTHORIZED),
    ] {
        let answer = site.send_from("192.0.2.1:1", get(path)).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_process_without_its_store_lives_and_is_not_ready() {
    let (site, faults) = faulty();
    for (down, ready) in [(false, 200), (true, 503), (false, 200)] {
        faults.set_down(down);
        // For as long as it takes until nothing that was seen before counts.
        site.clock.advance(Duration::from_secs(2));
        for path in ["/readyz", "/stats.txt", "/metrics", "/overview"] {
            assert_eq!(site.send(get(path)).await.status, ready, "{path}: {down}");
        }
        assert_eq!(site.send(get("/healthz")).await.status, 200);
    }
}
