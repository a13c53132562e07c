//! What readers are told while the store is away.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use resque_core::testing::{Fault, Faults, Faulty, Operation};
use resque_core::{Client, SharedClock};
use resque_memory::MemoryBackend;
use resque_web::Dashboard;

use crate::support::{Site, get};

/// A dashboard whose store goes wrong when it is told to.
pub(crate) fn faulty() -> (Site, Faults) {
    let mut site = Site::new();
    let clock: SharedClock = Arc::new(site.clock.clone());
    let memory = MemoryBackend::with_clock(clock.clone()).backend();
    let (backend, faults) = Faulty::wrap(&memory);
    site.client = Client::new(backend).with_clock(clock);
    site.router = Dashboard::new(site.client.clone()).into_router();
    (site, faults)
}

#[tokio::test]
async fn all_readers_share_one_time_out() {
    let (site, faults) = faulty();
    // The first one only: whoever asked the store once more would be answered.
    faults.next(Operation::Queues, Fault::NotExecuted);
    let readers = (0..20).map(|_| site.send(get("/overview")));
    for answer in join_all(readers).await {
        assert_eq!(answer.status, 503);
    }
    assert_eq!(faults.calls(Operation::Queues), 1);
    assert_eq!(site.send(get("/readyz")).await.status, 503);
}

#[tokio::test]
async fn a_store_that_was_away_is_asked_again_after_a_second() {
    let (site, faults) = faulty();
    faults.set_down(true);
    for calls in [1, 1, 2, 2] {
        assert_eq!(site.send(get("/overview")).await.status, 503);
        assert_eq!(faults.calls(Operation::Queues), calls);
        site.clock.advance(Duration::from_millis(500));
    }
    faults.set_down(false);
    assert_eq!(site.send(get("/overview")).await.status, 200);
    assert_eq!(site.send(get("/overview")).await.status, 200);
}

#[tokio::test]
async fn a_change_that_was_made_shows_that_the_store_is_back() {
    let (site, faults) = faulty();
    let browser = site.browse().await;
    site.clock.advance(Duration::from_secs(1));
    faults.next(Operation::Queues, Fault::NotExecuted);
    assert_eq!(site.send(get("/overview")).await.status, 503);
    let pause = crate::support::form("/pause", &[], &browser, "same-origin");
    assert_eq!(site.send(pause).await.status, 303);
    assert_eq!(site.send(get("/overview")).await.status, 200);
}
