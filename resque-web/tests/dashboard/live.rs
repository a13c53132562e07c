//! The stream that tells pages to look again.

use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use resque_core::Schedule;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::support::{Site, get, lead};

/// Opens a stream.
async fn open(site: &Site) -> (StatusCode, Body) {
    let mut request = get("/live");
    let peer: std::net::SocketAddr = "127.0.0.1:4000".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = site.router.clone().oneshot(request).await.unwrap();
    (answer.status(), answer.into_body())
}

/// The next piece of it.
async fn next(body: &mut Body) -> String {
    let frame = body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

/// Lets time go on whenever the stream waits for it.
fn time_goes_on(site: &Site) -> JoinHandle<()> {
    let clock = site.clock.clone();
    tokio::spawn(async move {
        loop {
            clock.parked(1).await;
            clock.advance(Duration::from_secs(2));
        }
    })
}

#[tokio::test]
async fn a_change_is_told_once_and_silence_is_a_sign_of_life() {
    let site = Site::new();
    let (status, mut stream) = open(&site).await;
    assert_eq!(status, StatusCode::OK);
    // What happened since the page was made; browsers drop events without data.
    let first = next(&mut stream).await;
    assert!(
        first.contains("event: change") && first.contains("data: "),
        "{first}"
    );
    site.push("q", "{}").await;
    let time = time_goes_on(&site);
    assert!(next(&mut stream).await.contains("event: change"));
    assert!(next(&mut stream).await.starts_with(':'));
    site.client.stop_queue("q").await.unwrap();
    assert!(next(&mut stream).await.contains("event: change"));
    time.abort();
}

#[tokio::test]
async fn what_others_do_to_schedules_is_told() {
    let site = Site::new();
    let (_, mut stream) = open(&site).await;
    next(&mut stream).await;
    let time = time_goes_on(&site);
    let schedules = site.client.schedules().unwrap();
    let nightly = Schedule::raw("nightly", "Archive", &()).unwrap();
    let nightly = nightly.queue("q").unwrap().cron("0 3 * * *").unwrap();
    schedules.set(&nightly).await.unwrap();
    assert!(next(&mut stream).await.contains("event: change"));
    assert!(next(&mut stream).await.starts_with(':'));
    schedules.disable("nightly").await.unwrap();
    assert!(next(&mut stream).await.contains("event: change"));
    lead(&site, "web1:4711").await;
    assert!(next(&mut stream).await.contains("event: change"));
    assert!(schedules.remove("nightly").await.unwrap());
    assert!(next(&mut stream).await.contains("event: change"));
    time.abort();
}

#[tokio::test]
async fn so_many_streams_and_no_more() {
    let site = Site::new();
    let mut open_ones = Vec::new();
    for _ in 0..128 {
        let (status, stream) = open(&site).await;
        assert_eq!(status, StatusCode::OK);
        open_ones.push(stream);
    }
    assert_eq!(open(&site).await.0, StatusCode::SERVICE_UNAVAILABLE);
    open_ones.pop();
    assert_eq!(open(&site).await.0, StatusCode::OK);
}
