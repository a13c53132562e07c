use std::time::Duration;

use futures::FutureExt;
use resque_core::testing::Operation;
use resque_core::{Enqueue, ManualClock, QueueList};

use crate::support::{Archive, client, client_at, client_with_interruptions};

fn list(text: &str) -> QueueList {
    text.parse().unwrap()
}

#[tokio::test]
async fn popping_takes_jobs_in_order_and_tells_their_queue() {
    let client = client();
    client.enqueue_all(&[1, 2].map(Archive::new)).await.unwrap();
    let job = client.pop("file_serve").await.unwrap().unwrap();
    assert_eq!(
        (job.class(), job.queue().as_str()),
        (Some("Archive"), "file_serve")
    );
    assert_eq!(job.args::<Archive>().unwrap(), Archive::new(1));
    assert_eq!(
        client.pop("file_serve").await.unwrap().unwrap().args_json(),
        "[2,\"masterbrew\"]"
    );
    assert!(client.pop("file_serve").await.unwrap().is_none());
    assert!(client.pop("unknown").await.unwrap().is_none());
}

#[tokio::test]
async fn a_wait_ends_with_the_first_job_of_the_first_queue() {
    let client = client();
    client.enqueue_to("b", &Archive::new(2)).await.unwrap();
    client.enqueue_to("a", &Archive::new(1)).await.unwrap();
    let job = client.pop_wait(&list("a,b"), None).await.unwrap().unwrap();
    assert_eq!(job.queue().as_str(), "a");
}

#[tokio::test]
async fn a_wait_is_woken_by_a_push() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let waiting = client.clone();
    let wait = tokio::spawn(async move {
        waiting
            .pop_wait(&list("a,b"), Some(Duration::from_secs(30)))
            .await
    });
    clock.parked(1).await;
    client.enqueue_to("b", &Archive::new(7)).await.unwrap();
    let job = wait.await.unwrap().unwrap().unwrap();
    assert_eq!(job.args::<Archive>().unwrap(), Archive::new(7));
}

#[tokio::test]
async fn a_wait_ends_after_its_time() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let wait = tokio::spawn(async move {
        client
            .pop_wait(&list("a"), Some(Duration::from_secs(30)))
            .await
    });
    clock.parked(1).await;
    clock.advance(Duration::from_secs(30));
    assert!(wait.await.unwrap().unwrap().is_none());
}

#[tokio::test]
async fn a_push_before_the_wait_begins_is_not_missed() {
    for operation in [Operation::Ticket, Operation::Pop, Operation::Wait] {
        let (client, between) = client_with_interruptions();
        between.when(operation, 1, |store| {
            let job = Enqueue::new("a".parse().unwrap(), "{}");
            store.queues().push(&[job]).now_or_never().unwrap().unwrap();
        });
        let found = client.pop_wait(&list("a"), None).now_or_never();
        assert!(
            found.unwrap().unwrap().is_some(),
            "pushed before the call {operation}"
        );
    }
}
