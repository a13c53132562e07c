//! How long the pages of the dashboard take over a store that has seen much.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use resque::Enqueue;
use resque_web::Dashboard;
use tower::ServiceExt;

use crate::Failure;
use crate::measure::{Measured, Stopwatch, percentile};
use crate::target::Target;

/// The page whose times are told as those of the run.
const FIRST: &str = "/overview";
/// The others.
const OTHERS: [&str; 12] = [
    "/queues",
    "/queues?search=09",
    "/queue?name=queue-00099",
    "/working",
    "/workers",
    "/failed",
    "/failed?exception=RuntimeError",
    "/failed?text=nowhere",
    "/failed/groups",
    "/delayed",
    "/search?text=nowhere",
    "/stats",
];
const PAYLOAD: &[u8] = br#"{"class":"Other","args":[1,"two"]}"#;
/// How many jobs are put in by one call.
const TOGETHER: usize = 5_000;
/// More than any page has.
const MOST: usize = 64 * 1024 * 1024;

/// Puts two jobs into each of so many queues.
pub(crate) async fn make_queues(target: &Target, count: usize) -> Result<(), Failure> {
    let mut jobs = Vec::with_capacity(TOGETHER);
    for n in 0..count * 2 {
        let queue = format!("queue-{:05}", n / 2);
        jobs.push(Enqueue::new(queue.parse()?, PAYLOAD));
        if jobs.len() == TOGETHER || n + 1 == count * 2 {
            target.backend.queues().push(&jobs).await?;
            jobs.clear();
        }
    }
    Ok(())
}

/// Asks for each page so many times, one after the other. Each request reads the store: nothing is
/// kept for the next one.
pub(crate) async fn ask(target: &Target, times: usize) -> Result<Measured, Failure> {
    let dashboard = Dashboard::new(target.client.clone()).freshness(Duration::ZERO);
    let router = dashboard.into_router();
    let watch = Stopwatch::start();
    let samples = ask_for(&router, FIRST, times).await?;
    let elapsed = watch.elapsed();
    let mut pages = BTreeMap::new();
    for page in OTHERS {
        let mut samples = ask_for(&router, page, times).await?;
        let times = [0.5, 0.99].map(|part| percentile(&mut samples, part).map(f64::round));
        pages.insert(page, times);
    }
    Ok(Measured {
        jobs: times,
        elapsed,
        samples,
        pages: Some(pages),
        ..Measured::default()
    })
}

async fn ask_for(router: &Router, page: &str, times: usize) -> Result<Vec<Duration>, Failure> {
    let mut samples = Vec::with_capacity(times);
    for _ in 0..times {
        let request = Request::get(page).header("host", "localhost");
        let here = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let request = request.extension(here).body(Body::empty())?;
        let watch = Stopwatch::start();
        let answer = router.clone().oneshot(request).await?;
        let status = answer.status();
        to_bytes(answer.into_body(), MOST).await?;
        samples.push(watch.elapsed());
        if !status.is_success() {
            return Err(format!("{page} answers {status}").into());
        }
    }
    Ok(samples)
}
