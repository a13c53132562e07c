use std::time::UNIX_EPOCH;

use resque_core::{
    Clock, Handlers, Hooks, ManualClock, QueueList, Recovered, RetryPolicy, WorkerId,
};
use serde_json::json;

use crate::support::{Archive, Log, client_at};

#[tokio::test]
async fn workers_are_listed_found_and_told_apart() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let ids = ["b:1:*", "a:1:q"].map(|id| WorkerId::new(id).unwrap());
    let backend = client.backend().unwrap();
    backend.workers().register(&ids, clock.now()).await.unwrap();
    client.enqueue_to("q", &Archive::new(1)).await.unwrap();
    let from = QueueList::new(["q"]).unwrap();
    backend
        .queues()
        .exchange(&[], &ids[..1], &from, UNIX_EPOCH)
        .await
        .unwrap();

    let workers = client.workers().await.unwrap();
    assert_eq!(
        workers.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(),
        ["a:1:q", "b:1:*"]
    );
    let working = client.working().await.unwrap();
    assert_eq!((working.len(), working[0].id.as_str()), (1, "b:1:*"));
    assert!(client.worker("a:1:q").await.unwrap().is_some());
    assert!(client.worker("nobody").await.unwrap().is_none());
    assert!(client.suspects().await.unwrap().is_empty());
    let info = client.info().await.unwrap();
    assert_eq!((info.workers, info.working), (2, 1));
}

#[tokio::test]
async fn a_removed_workers_job_is_a_dirty_exit_and_its_failure_hooks_run() {
    let log = Log::default();
    let heard = log.clone();
    let hooks = Hooks::new().on_failure("hear", move |ctx, failure| {
        let decision = failure.decision;
        heard.add(json!([
            ctx.class(),
            ctx.queue(),
            failure.exception,
            decision
        ]));
        async { Ok(()) }
    });
    let handlers = Handlers::new().register::<Archive>().hooks(hooks);
    let handlers = handlers.retry(RetryPolicy::default());
    let clock = ManualClock::new();
    let client = client_at(&clock).with_handlers(handlers);
    let id = WorkerId::new("anyhost:77:file_serve").unwrap();
    let backend = client.backend().unwrap();
    backend
        .workers()
        .register(std::slice::from_ref(&id), clock.now())
        .await
        .unwrap();
    client.enqueue(&Archive::new(44)).await.unwrap();
    let from = QueueList::new(["file_serve"]).unwrap();
    let want = std::slice::from_ref(&id);
    backend
        .queues()
        .exchange(&[], want, &from, clock.now())
        .await
        .unwrap();

    assert!(client.remove_worker(id.as_str()).await.unwrap());
    assert!(!client.remove_worker(id.as_str()).await.unwrap());
    assert!(client.workers().await.unwrap().is_empty());
    let entry = client
        .failures()
        .unwrap()
        .all(0, 1)
        .await
        .unwrap()
        .remove(0);
    let record = entry.content.record().unwrap();
    assert_eq!(record.exception, "Resque::DirtyExit");
    assert_eq!(record.error, "Job still being processed");
    assert_eq!(
        (&*record.worker, &*record.queue),
        (id.as_str(), "file_serve")
    );
    assert_eq!(
        record.payload.as_bytes(),
        br#"{"class":"Archive","args":[44,"masterbrew"]}"#
    );
    assert_eq!(client.stats().unwrap().get("failed").await.unwrap(), 0);
    assert_eq!(client.stats().unwrap().get("processed").await.unwrap(), 0);
    assert_eq!(
        log.lines(),
        json!([["Archive", "file_serve", "Resque::DirtyExit", "Fail"]])
    );
}

#[tokio::test]
async fn a_worker_nobody_knows_is_not_removed() {
    let client = client_at(&ManualClock::new());
    assert!(!client.remove_worker("host:1:q").await.unwrap());
    assert!(!client.remove_worker("no id").await.unwrap());
}

#[tokio::test]
async fn what_the_dead_held_is_tried_again_if_their_policy_is_known() {
    for known in [true, false] {
        let log = Log::default();
        let heard = log.clone();
        let hooks = Hooks::new().on_failure("hear", move |_, failure| {
            heard.add(json!([failure.exception, failure.retry_at().is_some()]));
            async { Ok(()) }
        });
        let mut handlers = Handlers::new().hooks(hooks);
        if known {
            handlers = handlers.register::<Archive>().retry(RetryPolicy::default());
        }
        let clock = ManualClock::new();
        let client = client_at(&clock).with_handlers(handlers);
        let backend = client.backend().unwrap();
        let ids = ["a:1:file_serve", "b:2:file_serve"].map(|id| WorkerId::new(id).unwrap());
        let workers = backend.workers();
        workers.register(&ids, clock.now()).await.unwrap();
        client.enqueue(&Archive::new(44)).await.unwrap();
        let from = QueueList::new(["file_serve"]).unwrap();
        let queues = backend.queues();
        let exchange = queues.exchange(&[], &ids[..1], &from, clock.now());
        exchange.await.unwrap();
        clock.advance(std::time::Duration::from_secs(120));
        let dead = workers.dead(clock.now()).await.unwrap();
        assert_eq!(dead.len(), 2);

        let settled = client.recover(&dead).await.unwrap();
        let wanted = if known {
            Recovered::Retried
        } else {
            Recovered::Failed
        };
        assert_eq!(settled.iter().filter(|one| **one == wanted).count(), 1);
        assert_eq!(
            settled
                .iter()
                .filter(|one| **one == Recovered::Nothing)
                .count(),
            1
        );
        let delayed = queues.delayed().unwrap().count().await.unwrap();
        assert_eq!(delayed, u64::from(known));
        let failed = client.failures().unwrap().count().await.unwrap();
        assert_eq!(failed, u64::from(!known));
        let told = json!(["Resque::PruneDeadWorkerDirtyExit", known]);
        assert_eq!(log.lines(), json!([told]));

        // A second time changes nothing.
        let settled = client.recover(&dead).await.unwrap();
        assert_eq!(settled, [Recovered::Nothing; 2]);
        assert_eq!(log.lines(), json!([told]));
    }
}
