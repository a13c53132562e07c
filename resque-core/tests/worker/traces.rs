//! Jobs that tell when they were enqueued, and by whom.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resque_core::{Client, JobError, RetryPolicy, Stamp};

use crate::world::{World, start};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn every_attempt_knows_the_trace_and_the_first_one_how_long_it_waited() {
    let world = World::new();
    let clock = Arc::new(world.clock.clone());
    let stamp = Stamp::new()
        .enqueued_at()
        .traceparent(|| Some(TRACE.to_owned()));
    let client = Client::new(world.store.clone())
        .with_clock(clock)
        .with_stamp(stamp);
    client.enqueue_raw("q", "Twice", &(1,)).await.unwrap();
    assert!(
        world.queue().await[0]
            .contains(&format!(r#""rs":{{"traceparent":"{TRACE}","enqueued_at":"#))
    );
    world.clock.advance(Duration::from_secs(7));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = seen.clone();
    let builder = world
        .worker()
        .register_fn("Twice", move |_: (u32,), ctx| {
            let trace = ctx.traceparent().map(str::to_owned);
            sees.lock()
                .unwrap()
                .push((ctx.attempt(), trace, ctx.waited()));
            let fails = ctx.attempt() == 1;
            async move {
                if fails {
                    return Err(JobError::new("Oops", "once"));
                }
                Ok(())
            }
        })
        .retry(RetryPolicy::fixed(Duration::from_secs(1)));
    let mut worker = start(builder);
    let flow = world.flow();
    worker.settled(2).await;
    drop(flow);
    worker.quit().await;
    let seen = seen.lock().unwrap().clone();
    let trace = Some(TRACE.to_owned());
    assert_eq!(seen[0], (1, trace.clone(), Some(Duration::from_secs(7))));
    assert_eq!(seen[1], (2, trace, None));
}

#[tokio::test]
async fn a_job_that_fails_for_good_is_recorded_with_the_bytes_it_had() {
    let world = World::new();
    let stamp = Stamp::new().traceparent(|| Some(TRACE.to_owned()));
    let client = Client::new(world.store.clone()).with_stamp(stamp);
    client.enqueue_raw("q", "Fail", &("no",)).await.unwrap();
    let before = world.queue().await.remove(0);
    let mut worker = start(world.worker());
    worker.settled(1).await;
    worker.quit().await;
    let failed = world.failures().await.remove(0);
    assert_eq!(failed.payload.to_text_lossy(), before);
}

#[tokio::test]
async fn without_an_answer_and_without_a_stamp_the_bytes_are_rubys() {
    let world = World::new();
    let client = Client::new(world.store.clone());
    let silent = client.with_stamp(Stamp::new().traceparent(|| None));
    for client in [client, silent] {
        client.enqueue_raw("q", "Ok", &(1,)).await.unwrap();
    }
    let plain = r#"{"class":"Ok","args":[1]}"#;
    assert_eq!(world.queue().await, [plain, plain]);
}

#[tokio::test]
async fn follow_up_jobs_get_the_stamp_of_the_worker_and_spans_are_shown() {
    let world = World::new();
    world.push("Parent", 0..1).await;
    let shown = Arc::new(AtomicU32::new(0));
    let shows = shown.clone();
    let builder = world
        .worker()
        .register_fn("Parent", |_: (u32,), ctx| async move {
            ctx.client().enqueue_raw("other", "Child", &(1,)).await?;
            Ok(())
        })
        .queues("q")
        .stamp(Stamp::new().traceparent(|| Some(TRACE.to_owned())))
        .on_span(move |_, ctx| {
            assert_eq!(ctx.class(), "Parent");
            shows.fetch_add(1, Ordering::Relaxed);
        });
    let mut worker = start(builder);
    worker.settled(1).await;
    worker.quit().await;
    let other = resque_core::QueueName::new("other").unwrap();
    let child = world
        .store
        .queues()
        .peek(&other, resque_core::Page::ALL)
        .await
        .unwrap();
    assert!(child[0].to_text_lossy().contains(TRACE));
    // Nobody records spans here, so none is shown.
    assert_eq!(shown.load(Ordering::Relaxed), 0);
}
