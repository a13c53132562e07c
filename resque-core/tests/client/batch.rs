use std::time::Duration;

use resque_core::testing::{Faulty, Operation};
use resque_core::{Client, Clock, Enqueued, Error, Hooks, ManualClock, NewJob};

use crate::support::{Archive, client, client_at, texts};

#[tokio::test]
async fn a_batch_keeps_its_order() {
    let client = client();
    let jobs: Vec<Archive> = (1..=2_500).map(Archive::new).collect();
    let outcomes = client.enqueue_all(&jobs).await.unwrap();
    assert_eq!(outcomes.len(), 2_500);
    assert_eq!(outcomes[2_499], Enqueued::Queued { length: 2_500 });
    let waiting = client
        .peek("file_serve", resque_core::Page::ALL)
        .await
        .unwrap();
    let read: Vec<Archive> = waiting.iter().map(|job| job.args().unwrap()).collect();
    assert_eq!(read, jobs);
}

#[tokio::test]
async fn one_bad_job_keeps_the_whole_batch_back() {
    let client = client();
    let jobs = [
        NewJob::of(&Archive::new(1)),
        NewJob::raw("Foo", &(f64::INFINITY,)).to("q"),
    ];
    let error = client.submit_all(jobs).await.unwrap_err();
    assert!(
        matches!(error, Error::Encode { ref class, .. } if class == "Foo"),
        "{error}"
    );
    assert!(client.queues().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_of_many_classes_goes_to_many_queues_now_and_later() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let jobs = [
        NewJob::of(&Archive::new(1)).to("high"),
        NewJob::raw("Foo", &(1,)).to("low"),
        NewJob::of(&Archive::new(2)).after(Duration::from_secs(60)),
    ];
    let outcomes = client.submit_all(jobs).await.unwrap();
    let due = clock.now() + Duration::from_secs(60);
    assert_eq!(
        outcomes,
        [
            Enqueued::Queued { length: 1 },
            Enqueued::Queued { length: 1 },
            Enqueued::Delayed { due },
        ]
    );
    assert_eq!(client.delayed().unwrap().count().await.unwrap(), 1);
}

#[tokio::test]
async fn refused_jobs_are_left_out_of_a_batch() {
    let hooks = Hooks::new().before_enqueue("odd", |job| async move {
        let (id, _): (u64, String) = job.args()?;
        Ok(id % 2 == 1)
    });
    let client = client().with_hooks(hooks);
    let jobs = [1, 2, 3].map(Archive::new);
    let outcomes = client.enqueue_all_to("q", &jobs).await.unwrap();
    assert_eq!(
        outcomes,
        [
            Enqueued::Queued { length: 1 },
            Enqueued::Refused,
            Enqueued::Queued { length: 2 },
        ]
    );
    assert_eq!(texts(&client, "q").await.len(), 2);
}

#[tokio::test]
async fn each_call_is_one_push_and_an_empty_batch_is_none() {
    let (backend, faults) = Faulty::wrap(&resque_memory::MemoryBackend::new().backend());
    let client = Client::new(backend);
    assert_eq!(client.enqueue_all::<Archive>(&[]).await.unwrap(), []);
    assert_eq!(faults.calls(Operation::Push), 0);
    client.enqueue(&Archive::new(1)).await.unwrap();
    let jobs: Vec<Archive> = (1..=5_000).map(Archive::new).collect();
    client.enqueue_all(&jobs).await.unwrap();
    assert_eq!(faults.calls(Operation::Push), 2);
}
