//! What is answered when the store goes away, and what is not lost by it.

use std::sync::Arc;

use futures::poll;
use resque_core::testing::{Fault, Faults, Faulty, Operation};
use resque_core::{Client, SharedClock};
use resque_memory::MemoryBackend;
use resque_web::HttpInterface;
use serde_json::json;

use crate::site::{Site, request};

/// An interface whose store goes wrong when it is told to.
fn faulty() -> (Site, Faults) {
    let mut site = Site::new();
    let clock: SharedClock = Arc::new(site.clock.clone());
    let memory = MemoryBackend::with_clock(clock.clone()).backend();
    let (backend, faults) = Faulty::wrap(&memory);
    site.client = Client::new(backend).with_clock(clock);
    site.router = HttpInterface::new(site.client.clone()).into_router();
    (site, faults)
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_worth_another_try() {
    let (site, faults) = faulty();
    faults.set_down(true);
    for line in [
        "POST /q/foo",
        "GET /q/foo",
        "HEAD /q/foo",
        "GET /status/",
        "POST /q/foo/lease",
        "DELETE /q/foo",
    ] {
        let answer = site.tell(line, "{}").await;
        assert_eq!(answer.status, 503, "{line}");
        assert_eq!(answer.header("retry-after"), "1");
        if line.starts_with("HEAD") {
            continue;
        }
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains("nothing was executed"), "{error}");
    }
    faults.set_down(false);
    assert_eq!(site.tell("POST /q/foo", "{}").await.status, 201);
}

#[tokio::test]
async fn a_lost_reply_is_told_and_the_request_can_be_sent_again() {
    let (site, faults) = faulty();
    faults.next(Operation::Push, Fault::ReplyLost);
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let again = || request("POST /q/foo", &headers, "{}");
    let lost = site.send(again()).await;
    assert_eq!(lost.status, 504, "{}", lost.text());
    assert_eq!(site.send(again()).await.status, 201);
    assert_eq!(site.waiting("foo").await.len(), 1);
}

#[tokio::test]
async fn a_job_that_was_taken_is_answered_though_it_cannot_be_counted() {
    let (site, faults) = faulty();
    site.tell("POST /q/foo?uniq=a", "{\"n\":1}").await;
    faults.next(Operation::CountHttp, Fault::NotExecuted);
    faults.next(Operation::Free, Fault::NotExecuted);
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, "{\"n\":1}"));
}

#[tokio::test]
async fn a_lease_whose_reply_was_lost_comes_back() {
    let (site, faults) = faulty();
    site.tell("POST /q/foo", "{}").await;
    faults.next(Operation::Lend, Fault::ReplyLost);
    assert_eq!(site.ask("POST /q/foo/lease?ttl=9").await.status, 504);
    assert!(site.waiting("foo").await.is_empty());
    site.pass(9);
    let again = site.ask("POST /q/foo/lease").await.json();
    assert_eq!(again["jobs"][0]["job"], json!({}));
}

#[tokio::test]
async fn a_long_poll_outlives_announcements_that_break_off() {
    let (site, faults) = faulty();
    let other = Site {
        clock: site.clock.clone(),
        client: site.client.clone(),
        router: site.router.clone(),
    };
    faults.next(Operation::Wait, Fault::NotExecuted);
    let task = tokio::spawn(async move { other.ask("POST /q/foo/lease?wait=30").await.json() });
    site.clock.parked(1).await;
    site.tell("POST /q/foo", "{}").await;
    // Nobody announced it; it is found when it is looked for again.
    let next = site.clock.next_wake().unwrap();
    site.clock.advance(next);
    assert_eq!(task.await.unwrap()["jobs"][0]["job"], json!({}));
}

/// Sends a request and drops it, as a server does whose client has gone, as soon as the store was
/// asked for `operation`, which then goes on.
async fn vanish(site: &Site, faults: &Faults, line: &str, operation: Operation) {
    faults.next(operation, Fault::Late);
    let mut request = Box::pin(site.ask(line));
    while faults.calls(operation) == 0 {
        assert!(poll!(&mut request).is_pending(), "{line} did not wait");
        tokio::task::yield_now().await;
    }
    drop(request);
    faults.let_go();
    // Whatever goes on has nothing to wait for any more.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_key_of_a_fetched_job_is_free_though_its_client_has_gone() {
    for operation in [Operation::Pop, Operation::Free] {
        let (site, faults) = faulty();
        site.tell("POST /q/foo?uniq=a", "{\"n\":1}").await;
        vanish(&site, &faults, "GET /q/foo", operation).await;
        assert!(site.waiting("foo").await.is_empty(), "{operation}");
        let again = site.tell("POST /q/foo?uniq=a", "{\"n\":2}").await;
        assert_eq!(again.status, 201, "{operation}: {}", again.text());
        assert_eq!(site.ask("GET /j/foo").await.json()["job_processed"], "1");
    }
}

#[tokio::test]
async fn the_keys_of_a_removed_queue_are_free_though_its_client_has_gone() {
    for operation in [Operation::DeleteQueue, Operation::Free] {
        let (site, faults) = faulty();
        site.tell("POST /q/foo?uniq=a", "{\"n\":1}").await;
        vanish(&site, &faults, "DELETE /q/foo", operation).await;
        let again = site.tell("POST /q/foo?uniq=a", "{\"n\":2}").await;
        assert_eq!(again.status, 201, "{operation}: {}", again.text());
    }
}

#[tokio::test]
async fn nobody_is_kept_from_moving_due_jobs_by_a_client_that_has_gone() {
    let (site, faults) = faulty();
    vanish(&site, &faults, "GET /j/foo", Operation::Promote).await;
    assert_eq!(faults.calls(Operation::Resign), 1);
}

#[tokio::test]
async fn a_failure_is_counted_once_the_job_is_in() {
    let (site, faults) = faulty();
    faults.next(Operation::Push, Fault::NotExecuted);
    assert_eq!(site.tell("PUT /q/foo", "{}").await.status, 503);
    assert_eq!(site.tell("PUT /q/foo", "[]").await.status, 400);
    assert_eq!(site.ask("GET /j/foo").await.json()["job_failed"], 0);
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    for _ in 0..2 {
        let answer = site.send(request("PUT /q/foo", &headers, "{}")).await;
        assert_eq!(answer.status, 201);
    }
    assert_eq!(site.ask("GET /j/foo").await.json()["job_failed"], "1");
}

#[tokio::test]
async fn a_unique_job_whose_reply_was_lost_is_known_also_when_it_was_fetched() {
    let (site, faults) = faulty();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let send = || site.send(request("POST /q/foo?uniq=a", &headers, "{}"));
    faults.next(Operation::PushOnce, Fault::NotExecuted);
    assert_eq!(send().await.status, 503);
    faults.next(Operation::PushOnce, Fault::ReplyLost);
    assert_eq!(send().await.status, 504);
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, "{}"));
    let again = send().await;
    assert_eq!(again.status, 201, "{}", again.text());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert!(site.waiting("foo").await.is_empty());
}
