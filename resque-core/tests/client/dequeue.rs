use futures::FutureExt;
use resque_core::testing::Operation;
use resque_core::{Error, Hooks, QueueList};
use serde_json::json;

use crate::support::{Archive, Log, client, client_with_interruptions, notes, texts};

#[tokio::test]
async fn arguments_are_compared_by_content_and_numbers_by_their_text() {
    let client = client();
    let meant = [
        r#"{"class":"Archive","args":[1,"a"]}"#,
        r#"{"args":[1,"a"],"class":"Archive"}"#,
        r#"{ "class" : "Archive" , "args" : [ 1 , "\u0061" ] }"#,
        r#"{"class":"Archive","args":[1,"a"],"queue":"q"}"#,
        r#"{"class":"Archive","args":[1,"a"]}"#,
    ];
    let others = [
        r#"{"class":"Archive","args":[1.0,"a"]}"#,
        r#"{"class":"Archive","args":[1,"b"]}"#,
        r#"{"class":"Other","args":[1,"a"]}"#,
        r#"{"class":"Archive","args":[1,"a",null]}"#,
        "{oops",
    ];
    for payload in meant.iter().chain(&others) {
        client.push("q", *payload).await.unwrap();
    }
    let removed = client
        .dequeue_raw("q", "Archive", Some(&(1, "a")))
        .await
        .unwrap();
    assert_eq!(removed, Some(5));
    assert_eq!(texts(&client, "q").await, others);
}

#[tokio::test]
async fn typed_jobs_are_found_by_their_arguments_or_all_of_them() {
    let client = client();
    for id in [1, 2, 1, 3] {
        client.enqueue(&Archive::new(id)).await.unwrap();
    }
    let _ = client
        .enqueue_raw("file_serve", "Other", &(1,))
        .await
        .unwrap();
    assert_eq!(client.dequeue(&Archive::new(1)).await.unwrap(), Some(2));
    assert_eq!(client.dequeue(&Archive::new(9)).await.unwrap(), Some(0));
    assert_eq!(client.dequeue_class::<Archive>().await.unwrap(), Some(2));
    assert_eq!(
        texts(&client, "file_serve").await,
        [r#"{"class":"Other","args":[1]}"#]
    );
}

#[tokio::test]
async fn integers_beyond_floats_are_told_apart() {
    let client = client();
    for id in [9_007_199_254_740_993_u64, 9_007_199_254_740_992] {
        client.enqueue_raw("q", "Big", &(id,)).await.unwrap();
    }
    let removed = client
        .dequeue_raw("q", "Big", Some(&(9_007_199_254_740_993_u64,)))
        .await;
    assert_eq!(removed.unwrap(), Some(1));
    assert_eq!(
        texts(&client, "q").await,
        [r#"{"class":"Big","args":[9007199254740992]}"#]
    );
}

#[tokio::test]
async fn a_queue_longer_than_a_page_is_searched_to_its_front() {
    let client = client();
    let jobs: Vec<Archive> = (0..2_345).map(|id| Archive::new(id % 5)).collect();
    client.enqueue_all(&jobs).await.unwrap();
    assert_eq!(client.dequeue(&Archive::new(0)).await.unwrap(), Some(469));
    assert_eq!(client.size("file_serve").await.unwrap(), 2_345 - 469);
    assert_eq!(
        client.dequeue_class::<Archive>().await.unwrap(),
        Some(2_345 - 469)
    );
}

#[tokio::test]
async fn hooks_run_in_the_recorded_order_around_the_removal() {
    let notes = notes("05b_dequeue_hooks");
    let log = Log::default();
    let client = client().with_hooks(log.enqueue_hooks());
    let _ = client
        .enqueue_raw("file_serve", "HookLog", &(1,))
        .await
        .unwrap();
    let removed = client
        .dequeue_raw("file_serve", "HookLog", Some(&(1,)))
        .await
        .unwrap();
    assert_eq!(json!(removed), notes["ret"]);
    assert_eq!(log.lines(), notes["log"]);
}

#[tokio::test]
async fn a_hook_that_says_no_leaves_the_jobs_there() {
    let hooks = Hooks::new().before_dequeue("no", |_| async { Ok(false) });
    let client = client().with_hooks(hooks);
    client.enqueue(&Archive::new(1)).await.unwrap();
    assert_eq!(client.dequeue(&Archive::new(1)).await.unwrap(), None);
    assert_eq!(client.size("file_serve").await.unwrap(), 1);
    let destroyed = client
        .destroy::<()>("file_serve", "Archive", None)
        .await
        .unwrap();
    assert_eq!(destroyed, 1, "`destroy` runs no hooks");
}

#[tokio::test]
async fn a_class_without_a_queue_is_an_error() {
    let error = client()
        .dequeue_raw::<()>("", "Archive", None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoQueue { .. }), "{error}");
}

#[tokio::test]
async fn jobs_that_leave_while_the_queue_is_searched_hide_none_behind_them() {
    let (client, between) = client_with_interruptions();
    let jobs: Vec<Archive> = (0..3_000).map(Archive::new).collect();
    client.enqueue_all(&jobs).await.unwrap();
    // Pops between two pages move everything towards the front.
    between.when(Operation::Peek, 2, |store| {
        let from = QueueList::one("file_serve".parse().unwrap());
        let popped = store.queues().pop(&from, 700).now_or_never();
        assert_eq!(popped.unwrap().unwrap().len(), 700);
    });
    assert_eq!(
        client.dequeue_class::<Archive>().await.unwrap(),
        Some(2_300)
    );
    assert_eq!(client.size("file_serve").await.unwrap(), 0);
}
