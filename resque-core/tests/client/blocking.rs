use std::time::Duration;

use resque_core::blocking::Client;
use resque_core::{Enqueued, Error, Hooks, NewJob, Page};

use crate::support::Archive;

fn client() -> Client {
    Client::open(async { Ok(resque_memory::MemoryBackend::new().backend()) }).unwrap()
}

/// Every call once.
fn work_with(client: &Client) {
    let job = Archive::new(1);
    assert_eq!(
        client.enqueue(&job).unwrap(),
        Enqueued::Queued { length: 1 }
    );
    assert_eq!(
        client.enqueue_to("other", &job).unwrap(),
        Enqueued::Queued { length: 1 }
    );
    let later = client.enqueue_in(Duration::from_secs(60), &job).unwrap();
    assert!(matches!(later, Enqueued::Delayed { .. }));
    let passed = client.enqueue_at(std::time::UNIX_EPOCH, &job).unwrap();
    assert_eq!(passed, Enqueued::Queued { length: 2 });
    assert_eq!(
        client.enqueue_all(&[1, 2].map(Archive::new)).unwrap().len(),
        2
    );
    let raw = [NewJob::raw("A", &()).to("raw"), NewJob::of(&job).to("raw")];
    assert_eq!(client.submit_all(raw).unwrap().len(), 2);
    assert!(client.enqueue_raw("raw", "A", &[1]).unwrap().is_taken());
    assert_eq!(client.push("raw", "{}").unwrap(), 4);
    assert_eq!(client.peek("raw", Page::ALL).unwrap().len(), 4);
    assert_eq!(client.pop("raw").unwrap().unwrap().class(), Some("A"));
    assert_eq!(client.size("raw").unwrap(), 3);
    assert_eq!(client.remove_queue("raw").unwrap(), 3);
    assert_eq!(client.dequeue(&job).unwrap(), Some(3));
    assert_eq!(client.dequeue_class::<Archive>().unwrap(), Some(1));
    assert_eq!(
        client.queues().unwrap().len(),
        client.sizes().unwrap().len()
    );
    assert_eq!(client.info().unwrap().pending, 1);
    assert_eq!(
        client
            .run(|c| async move { c.failures()?.count().await })
            .unwrap(),
        0
    );
}

#[test]
fn it_works_outside_async_code() {
    work_with(&client());
}

#[tokio::test]
async fn it_works_inside_async_code_of_one_thread() {
    work_with(&client());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_inside_async_code_of_many_threads_and_where_blocking_is_meant() {
    let client = client();
    work_with(&client);
    client
        .run(|client| async move { client.flush().await })
        .unwrap();
    tokio::task::spawn_blocking(move || work_with(&client))
        .await
        .unwrap();
}

#[test]
fn many_threads_share_it() {
    let client = client();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for id in 0..50 {
                    client.enqueue(&Archive::new(id)).unwrap();
                }
            });
        }
    });
    assert_eq!(client.size("file_serve").unwrap(), 400);
}

#[test]
fn a_call_from_its_own_thread_is_an_error_and_no_deadlock() {
    let client = client();
    let inside = client.clone();
    let error = client
        .run(move |_| async move { inside.queues() })
        .unwrap_err();
    assert!(matches!(error, Error::InvalidSetting { .. }), "{error}");
    assert!(client.queues().unwrap().is_empty(), "it goes on working");
}

#[test]
fn a_panic_of_a_hook_reaches_the_caller_and_the_client_goes_on() {
    let plain = client();
    let hooks = Hooks::new().before_enqueue("boom", |_| async { panic!("boom") });
    let client = plain.map(|client| client.with_hooks(hooks.clone()));
    let call = std::thread::spawn(move || client.enqueue(&Archive::new(1)));
    let panic = call.join().unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"boom"));
    assert!(plain.enqueue(&Archive::new(1)).unwrap().is_taken());
}

#[test]
fn an_error_of_opening_is_the_callers() {
    let error = Client::open(async { Err(Error::unavailable("connecting", "gone")) }).unwrap_err();
    assert!(error.is_transient());
}
