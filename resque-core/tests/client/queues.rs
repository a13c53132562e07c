use resque_core::{Error, Page};

use crate::support::{Archive, client};

async fn args(client: &resque_core::Client, page: Page) -> Vec<u64> {
    let jobs = client.peek("file_serve", page).await.unwrap();
    jobs.iter()
        .map(|job| job.args::<Archive>().unwrap().repo_id)
        .collect()
}

#[tokio::test]
async fn peeking_pages_as_ruby_and_perl_do() {
    let client = client();
    let _ = client
        .enqueue_all(&[0, 1, 2, 3, 4].map(Archive::new))
        .await
        .unwrap();
    assert_eq!(args(&client, Page::new(1, 2)).await, [1, 2]);
    assert_eq!(args(&client, Page::ruby(-1, 1)).await, [4]);
    assert_eq!(args(&client, Page::ruby(0, -1)).await, [0, 1, 2, 3]);
    assert_eq!(args(&client, Page::perl(0, -1)).await, [0, 1, 2, 3, 4]);
    assert_eq!(args(&client, Page::perl(-2, -1)).await, [3, 4]);
    assert_eq!(args(&client, Page::new(9, 2)).await, [0; 0]);
}

#[tokio::test]
async fn queues_are_made_listed_measured_and_removed() {
    let client = client();
    assert!(client.create_queue("empty").await.unwrap());
    assert!(!client.create_queue("empty").await.unwrap());
    client.enqueue_all(&[1, 2].map(Archive::new)).await.unwrap();
    let names: Vec<String> = client
        .queues()
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["empty", "file_serve"]);
    assert_eq!(client.size("file_serve").await.unwrap(), 2);
    assert_eq!(client.size("unknown").await.unwrap(), 0);
    assert_eq!(client.size("no,name").await.unwrap(), 0);
    let sizes: Vec<u64> = client.sizes().await.unwrap().into_values().collect();
    assert_eq!(sizes, [0, 2]);
    let samples = client.sample_queues(1).await.unwrap();
    assert_eq!(
        (
            samples["file_serve"].size,
            samples["file_serve"].samples.len()
        ),
        (2, 1)
    );
    assert_eq!(client.remove_queue("file_serve").await.unwrap(), 2);
    assert_eq!(client.queues().await.unwrap().len(), 1);
}

#[tokio::test]
async fn numbers_keys_and_flushing() {
    let client = client();
    client.enqueue(&Archive::new(1)).await.unwrap();
    let info = client.info().await.unwrap();
    assert_eq!(
        (info.pending, info.queues, info.workers, info.failed),
        (1, 1, 0, 0)
    );
    assert_eq!(info.backend.name, "memory");
    assert_eq!(
        client.key(&["queue", "file_serve"]).unwrap(),
        "resque:queue:file_serve"
    );
    let keys = client.keys().await.unwrap();
    assert!(keys.contains(&"queue:file_serve".to_owned()), "{keys:?}");
    assert!(client.flush().await.unwrap() > 0);
    assert!(client.keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn counters_count() {
    let client = client();
    let stats = client.stats().unwrap();
    assert_eq!(stats.get("x").await.unwrap(), 0);
    stats.set("x", 5).await.unwrap();
    assert_eq!(stats.incr("x", 2).await.unwrap(), 7);
    assert_eq!(stats.decr("x", 8).await.unwrap(), -1);
    stats.clear("x").await.unwrap();
    assert_eq!(stats.get("x").await.unwrap(), 0);
}

#[tokio::test]
async fn queues_are_stopped_and_workers_paused() {
    let client = client();
    client.enqueue(&Archive::new(1)).await.unwrap();
    client.stop_queue("file_serve").await.unwrap();
    assert!(
        client
            .queue_listing()
            .await
            .unwrap()
            .get("file_serve")
            .unwrap()
            .stopped
    );
    assert!(client.pop("file_serve").await.unwrap().is_none());
    client.start_queue("file_serve").await.unwrap();
    assert!(client.pop("file_serve").await.unwrap().is_some());
    assert!(!client.is_paused().await.unwrap());
    client.pause_all().await.unwrap();
    assert!(client.is_paused().await.unwrap());
    client.resume_all().await.unwrap();
    assert!(!client.is_paused().await.unwrap());
}

#[tokio::test]
async fn names_that_are_no_queue_names_are_refused() {
    let client = client();
    for name in ["", "a,b", "a\nb"] {
        let error = client.peek(name, Page::ALL).await.unwrap_err();
        assert!(
            matches!(error, Error::InvalidQueueName { .. }),
            "{name:?}: {error}"
        );
    }
}
