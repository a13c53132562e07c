use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque_core::testing::{Faulty, Operation};
use resque_core::{Client, Clock, Enqueued, Error, Hooks, ManualClock, NewJob};

use crate::support::{Archive, client_at, texts};

const MINUTE: Duration = Duration::from_secs(60);

async fn promote(client: &Client, now: SystemTime) -> usize {
    let queues = client.backend().unwrap().queues();
    queues
        .delayed()
        .unwrap()
        .promote("host:1", now, 100)
        .await
        .unwrap()
        .moved
}

#[tokio::test]
async fn a_delayed_job_comes_in_its_time() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let due = clock.now() + MINUTE;
    let outcome = client.enqueue_in(MINUTE, &Archive::new(1)).await.unwrap();
    assert_eq!(outcome, Enqueued::Delayed { due });
    assert_eq!(promote(&client, due - Duration::from_nanos(1)).await, 0);
    assert_eq!(promote(&client, due).await, 1);
    assert_eq!(
        texts(&client, "file_serve").await,
        [r#"{"class":"Archive","args":[1,"masterbrew"]}"#]
    );
}

#[tokio::test]
async fn a_time_that_has_passed_is_at_once() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    for at in [UNIX_EPOCH, clock.now() - MINUTE, clock.now()] {
        let outcome = client.enqueue_at(at, &Archive::new(1)).await.unwrap();
        assert!(matches!(outcome, Enqueued::Queued { .. }), "{outcome:?}");
    }
    assert_eq!(client.delayed().unwrap().count().await.unwrap(), 0);
}

#[tokio::test]
async fn times_are_rounded_up_to_the_second_unless_told_exactly() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let at = clock.now() + Duration::from_millis(1_500);
    let job = || NewJob::of(&Archive::new(1)).at(at);
    let rounded = client.submit(job()).await.unwrap();
    assert_eq!(
        rounded,
        Enqueued::Delayed {
            due: at + Duration::from_millis(500)
        }
    );
    let exact = client.submit(job().exactly()).await.unwrap();
    assert_eq!(exact, Enqueued::Delayed { due: at });
}

#[tokio::test]
async fn the_stores_clock_counts_not_ours() {
    let store = ManualClock::new();
    let ours = ManualClock::at(store.now() + 60 * MINUTE);
    let client = client_at(&store).with_clock(Arc::new(ours.clone()));
    let outcome = client.enqueue_in(MINUTE, &Archive::new(1)).await.unwrap();
    assert_eq!(
        outcome,
        Enqueued::Delayed {
            due: store.now() + MINUTE
        }
    );
}

#[tokio::test]
async fn the_store_is_asked_for_its_time_once_a_minute() {
    let clock = ManualClock::new();
    let memory = resque_memory::MemoryBackend::with_clock(Arc::new(clock.clone()));
    let (backend, faults) = Faulty::wrap(&memory.backend());
    let client = Client::new(backend).with_clock(Arc::new(clock.clone()));
    for (advance, calls) in [(0, 1), (30, 1), (29, 1), (1, 2), (59, 2)] {
        clock.advance(Duration::from_secs(advance));
        assert_eq!(client.store_time().await.unwrap(), clock.now());
        assert_eq!(
            faults.calls(Operation::ServerTime),
            calls,
            "after {advance} more seconds"
        );
    }
}

#[tokio::test]
async fn waiting_jobs_are_found_moved_and_cancelled() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    for (id, minutes) in [(1, 3), (2, 2), (1, 1)] {
        let _ = client
            .enqueue_in(minutes * MINUTE, &Archive::new(id))
            .await
            .unwrap();
    }
    let delayed = client.delayed().unwrap();
    let next = delayed.next().await.unwrap().unwrap();
    assert_eq!(next.due, clock.now() + MINUTE);
    let found = delayed.of(&Archive::new(1)).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].due, clock.now() + 3 * MINUTE);
    assert_eq!(
        delayed
            .of_raw("Archive", &(2, "masterbrew"))
            .await
            .unwrap()
            .len(),
        1
    );

    delayed
        .postpone(&found[0].id, clock.now() + 10 * MINUTE)
        .await
        .unwrap();
    assert_eq!(
        delayed.next().await.unwrap().unwrap().due,
        clock.now() + 2 * MINUTE
    );
    delayed.enqueue_now(&found[1].id).await.unwrap();
    assert_eq!(client.size("file_serve").await.unwrap(), 1);
    delayed.cancel(&found[0].id).await.unwrap();
    let gone = delayed.cancel(&found[0].id).await.unwrap_err();
    assert!(matches!(gone, Error::Conflict { .. }), "{gone}");
    assert_eq!(delayed.cancel_all(&found).await.unwrap(), 0);

    let rest = delayed.find(|_| true).await.unwrap();
    assert_eq!(delayed.enqueue_all_now(&rest).await.unwrap(), 1);
    assert_eq!(
        (
            delayed.count().await.unwrap(),
            client.size("file_serve").await.unwrap()
        ),
        (0, 2)
    );
}

#[tokio::test]
async fn enqueue_hooks_run_when_a_job_is_delayed() {
    let hooks = Hooks::new().before_enqueue("no", |_| async { Ok(false) });
    let client = client_at(&ManualClock::new()).with_hooks(hooks);
    let outcome = client.enqueue_in(MINUTE, &Archive::new(1)).await.unwrap();
    assert_eq!(outcome, Enqueued::Refused);
    assert_eq!(client.delayed().unwrap().count().await.unwrap(), 0);
}

#[tokio::test]
async fn schedule_hooks_run_around_jobs_that_wait_for_their_time_and_no_others() {
    let called = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let called = called.clone();
        move || called.lock().unwrap().push(name)
    };
    let (before, enqueue) = (note("before_schedule"), note("before_enqueue"));
    let (enqueued, after) = (note("after_enqueue"), note("after_schedule"));
    let hooks = Hooks::new()
        .before_schedule("note", move |job| {
            before();
            async move { Ok(job.args::<(u64, String)>()?.0 != 13) }
        })
        .before_enqueue("note", move |_| {
            enqueue();
            async { Ok(true) }
        })
        .after_enqueue("note", move |_| {
            enqueued();
            async { Ok(()) }
        })
        .after_schedule("note", move |_| {
            after();
            async { Ok(()) }
        });
    let client = client_at(&ManualClock::new()).with_hooks(hooks);
    let calls = || std::mem::take(&mut *called.lock().unwrap());
    client.enqueue(&Archive::new(13)).await.unwrap();
    assert_eq!(calls(), ["before_enqueue", "after_enqueue"]);
    client.enqueue_in(MINUTE, &Archive::new(1)).await.unwrap();
    let all = [
        "before_schedule",
        "before_enqueue",
        "after_enqueue",
        "after_schedule",
    ];
    assert_eq!(calls(), all);
    let later = NewJob::of(&Archive::new(2)).after(MINUTE);
    client.submit_all([later]).await.unwrap();
    assert_eq!(calls(), all);
    let refused = client.enqueue_in(MINUTE, &Archive::new(13)).await;
    assert_eq!(refused.unwrap(), Enqueued::Refused);
    assert_eq!(calls(), ["before_schedule"]);
}

#[tokio::test]
async fn many_waiting_jobs_are_given_another_time_at_once() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    for number in 0..3 {
        client
            .enqueue_in(MINUTE, &Archive::new(number))
            .await
            .unwrap();
    }
    let delayed = client.delayed().unwrap();
    let later = clock.now() + 10 * MINUTE;
    let some = delayed.of(&Archive::new(1)).await.unwrap();
    assert_eq!(delayed.postpone_all(&some, later).await.unwrap(), 1);
    assert_eq!(delayed.of(&Archive::new(1)).await.unwrap()[0].due, later);
    assert_eq!(delayed.count().await.unwrap(), 3);
}
