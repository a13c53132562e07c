use std::time::Duration;

use resque_core::testing::{Drain, EnqueuedAssertion, Fixture, assert_enqueued_raw};
use resque_core::{Clock, Handlers, Hooks, JobError, NewJob, Performed};
use resque_memory::MemoryBackend;

use crate::support::Archive;

const MINUTE: Duration = Duration::from_secs(60);

fn fixture() -> Fixture {
    Fixture::new(|clock| MemoryBackend::with_clock(clock).backend())
}

/// The message with which an assertion panics.
async fn complaint(assertion: EnqueuedAssertion) -> String {
    let panic = tokio::spawn(async move { assertion.await })
        .await
        .unwrap_err()
        .into_panic();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test]
async fn a_drain_does_what_a_worker_does() {
    let test = fixture();
    let handlers = Handlers::new()
        .register::<Archive>()
        .register_fn("Skipped", |(): (), _| async { Ok(()) })
        .hooks(Hooks::new().before_perform("skip", |ctx| async move {
            if ctx.class() == "Skipped" {
                Err(JobError::dont_perform())
            } else {
                Ok(())
            }
        }));
    let _ = test
        .client
        .enqueue_all(&[1, 0, 2].map(Archive::new))
        .await
        .unwrap();
    let _ = test
        .client
        .enqueue_raw("file_serve", "Skipped", &())
        .await
        .unwrap();
    let _ = test
        .client
        .enqueue_raw("file_serve", "Unknown", &())
        .await
        .unwrap();
    let drained = test.drain(handlers).await.unwrap();

    assert_eq!((drained.done(), drained.skipped().len()), (2, 1));
    let failures = drained.failures();
    assert_eq!(failures.len(), 2);
    assert_eq!(failures[0].0.args::<Archive>().unwrap(), Archive::new(0));
    assert_eq!(failures[1].1.error, "uninitialized constant Unknown");
    assert_eq!(drained.jobs[2].1, Performed::Done, "in order");
    let info = test.client.info().await.unwrap();
    assert_eq!(
        (info.pending, info.processed, info.failed, info.workers),
        (0, 5, 2, 0)
    );
    assert_eq!(test.client.stats().unwrap().get("failed").await.unwrap(), 2);
}

#[tokio::test]
async fn a_drain_goes_through_time_when_it_may() {
    let test = fixture();
    let handlers = Handlers::new().register_fn("Again", |(left,): (u32,), ctx| async move {
        if left > 0 {
            let again = NewJob::raw("Again", &(left - 1,)).to("q").after(MINUTE);
            ctx.client().submit(again).await?;
        }
        Ok(())
    });
    test.client.enqueue_raw("q", "Again", &(3,)).await.unwrap();
    let begin = test.clock.now();
    assert_eq!(test.drain(handlers.clone()).await.unwrap().done(), 1);
    assert_eq!(test.drain_through_time(handlers).await.unwrap().done(), 3);
    assert_eq!(test.clock.now(), begin + 3 * MINUTE);
}

#[tokio::test]
async fn a_drain_serves_only_the_queues_it_is_given_and_notices_that_there_is_no_end() {
    let test = fixture();
    test.client.enqueue_to("a", &Archive::new(1)).await.unwrap();
    test.client.enqueue_to("b", &Archive::new(1)).await.unwrap();
    let handlers = Handlers::new().register::<Archive>();
    let drain = Drain::new(&test.client, handlers).from("b".parse().unwrap());
    assert_eq!(drain.run().await.unwrap().done(), 1);
    assert_eq!(test.client.size("a").await.unwrap(), 1);

    let endless = Handlers::new().register_fn("Archive", |_: (u64, String), ctx| async move {
        ctx.client().enqueue(&Archive::new(1)).await?;
        Ok(())
    });
    let error = Drain::new(&test.client, endless)
        .at_most(20)
        .run()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "draining: there are more than 20 jobs; is there an end?"
    );
}

#[tokio::test]
async fn assertions_look_at_class_arguments_queue_and_time() {
    let test = fixture();
    let _ = test
        .client
        .enqueue_all(&[44, 44, 45].map(Archive::new))
        .await
        .unwrap();
    let _ = test
        .client
        .enqueue_in(MINUTE, &Archive::new(46))
        .await
        .unwrap();
    test.assert_enqueued::<Archive>().await;
    test.assert_enqueued::<Archive>().times(3).await;
    test.assert_enqueued::<Archive>()
        .with(&Archive::new(44))
        .times(2)
        .await;
    test.assert_enqueued::<Archive>()
        .with(&(45, "masterbrew"))
        .in_queue("file_serve")
        .await;
    test.assert_enqueued::<Archive>()
        .in_queue("other")
        .never()
        .await;
    test.assert_enqueued::<Archive>()
        .with(&Archive::new(46))
        .never()
        .await;
    test.assert_enqueued::<Archive>()
        .with(&Archive::new(46))
        .delayed()
        .times(1)
        .await;
    test.assert_enqueued::<Archive>()
        .due(test.clock.now() + MINUTE)
        .times(1)
        .await;
    assert_enqueued_raw(&test.client, "Other").never().await;
}

#[tokio::test]
async fn an_assertion_that_fails_shows_what_was_there() {
    let test = fixture();
    let nothing = complaint(test.assert_enqueued::<Archive>()).await;
    let expected = "expected at least one job Archive with any arguments, found 0; \
                    there are no jobs at all\nasked at ";
    assert!(
        nothing.starts_with(expected) && nothing.contains("testing.rs:"),
        "{nothing}"
    );

    let _ = test
        .client
        .enqueue_all(&[44, 45].map(Archive::new))
        .await
        .unwrap();
    let _ = test
        .client
        .enqueue_in(MINUTE, &Archive::new(46))
        .await
        .unwrap();
    test.client.push("raw", "{oops").await.unwrap();
    let assertion = test.assert_enqueued::<Archive>();
    let text = complaint(
        assertion
            .with(&Archive::new(44))
            .in_queue("file_serve")
            .times(2),
    )
    .await;
    let expected = "\
expected 2 jobs Archive [44,\"masterbrew\"] in the queue file_serve, found 1; all jobs that are there:
 * file_serve: Archive [44,\"masterbrew\"]
   file_serve: Archive [45,\"masterbrew\"]
   raw: (no job) []
   file_serve: Archive [46,\"masterbrew\"] due at 2026-11-20T23:01:00Z
asked at ";
    assert!(text.starts_with(expected), "{text}");
}
