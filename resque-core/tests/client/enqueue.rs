use resque_core::testing::drain;
use resque_core::{Client, Enqueued, Error, Handlers, Hooks, Job, JobContext, JobResult, NewJob};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Archive, Log, client, notes, texts};

#[derive(Serialize, Deserialize)]
struct NoQueue(f64);

impl Job for NoQueue {
    const CLASS: &'static str = "NoQueue";

    async fn perform(self, _: &JobContext) -> JobResult {
        Ok(())
    }
}

#[tokio::test]
async fn a_job_is_rubys_bytes_in_its_queue() {
    let client = client();
    let outcome = client.enqueue(&Archive::new(44)).await.unwrap();
    assert_eq!(outcome, Enqueued::Queued { length: 1 });
    assert!(outcome.is_taken());
    let outcome = client.enqueue_to("other", &Archive::new(45)).await.unwrap();
    assert_eq!(outcome, Enqueued::Queued { length: 1 });
    assert_eq!(
        texts(&client, "file_serve").await,
        [r#"{"class":"Archive","args":[44,"masterbrew"]}"#]
    );
    assert_eq!(
        texts(&client, "other").await,
        [r#"{"class":"Archive","args":[45,"masterbrew"]}"#]
    );
}

#[tokio::test]
async fn raw_jobs_take_any_list_of_arguments() {
    let client = client();
    for args in [json!([]), json!([1, "ä/<&>", null]), json!([{"b": 1.0}])] {
        client.enqueue_raw("q", "Any::Class", &args).await.unwrap();
    }
    let _ = client
        .enqueue_raw("q", "Any::Class", &(1, "x"))
        .await
        .unwrap();
    assert_eq!(
        texts(&client, "q").await,
        [
            r#"{"class":"Any::Class","args":[]}"#,
            r#"{"class":"Any::Class","args":[1,"ä/<&>",null]}"#,
            r#"{"class":"Any::Class","args":[{"b":1.0}]}"#,
            r#"{"class":"Any::Class","args":[1,"x"]}"#,
        ]
    );
}

#[tokio::test]
async fn jobs_are_checked_in_the_recorded_order_and_nothing_is_sent() {
    let client = client();
    let notes = notes("02_enqueue_validation");
    let same = |error: Error, recorded: &str| {
        let recorded = notes[recorded].as_str().unwrap();
        let text = recorded.split_once(": ").unwrap().1;
        assert_eq!(error.to_string(), text);
    };
    same(client.enqueue(&NoQueue(1.0)).await.unwrap_err(), "no_queue");
    let nameless = || NewJob::raw("", &());
    same(
        client.submit(nameless()).await.unwrap_err(),
        "nil_class_enqueue",
    );
    same(
        client.submit(nameless().to("q")).await.unwrap_err(),
        "empty_string_class",
    );
    same(
        client.create_job("q", "", ()).await.unwrap_err(),
        "nil_class_create",
    );
    same(
        client.create_job("", "Foo", ()).await.unwrap_err(),
        "nil_queue_create",
    );

    let nan = client
        .enqueue_to("q", &NoQueue(f64::NAN))
        .await
        .unwrap_err();
    assert!(
        matches!(nan, Error::Encode { ref class, .. } if class == "NoQueue"),
        "{nan}"
    );
    let comma = client
        .enqueue_to("a,b", &Archive::new(1))
        .await
        .unwrap_err();
    assert!(matches!(comma, Error::InvalidQueueName { .. }), "{comma}");
    let scalar = client.enqueue_raw("q", "Foo", &7).await.unwrap_err();
    assert!(matches!(scalar, Error::Encode { .. }), "{scalar}");
    assert!(client.queues().await.unwrap().is_empty());
}

#[tokio::test]
async fn hooks_run_in_the_recorded_order() {
    let log = Log::default();
    let client = client().with_hooks(log.enqueue_hooks());
    let outcome = client
        .enqueue_raw("file_serve", "HookLog", &("ok",))
        .await
        .unwrap();
    assert!(outcome.is_taken());
    assert_eq!(log.lines(), notes("13_hooks_order")["enqueue_log"]);
}

#[tokio::test]
async fn all_before_hooks_run_although_one_says_no() {
    let log = Log::default();
    let hooks = log
        .enqueue_hooks()
        .before_enqueue("a_no", |_| async { Ok(false) });
    let client = client().with_hooks(hooks);
    let outcome = client.enqueue(&Archive::new(1)).await.unwrap();
    assert_eq!(outcome, Enqueued::Refused);
    assert!(!outcome.is_taken());
    assert_eq!(
        log.lines(),
        json!([["before_enqueue_a", 1], ["before_enqueue_b", 1]])
    );
    assert!(texts(&client, "file_serve").await.is_empty());
}

#[tokio::test]
async fn a_hook_that_fails_is_named_and_after_the_push_the_job_stays() {
    let before = client()
        .with_hooks(Hooks::new().before_enqueue("strict", |_| async { Err("never".into()) }));
    let error = before.enqueue(&Archive::new(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the hook strict failed");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "RuntimeError: never");
    assert_eq!(before.size("file_serve").await.unwrap(), 0);

    let after = client()
        .with_hooks(Hooks::new().after_enqueue("late", |_| async { Err("too late".into()) }));
    assert!(after.enqueue(&Archive::new(1)).await.is_err());
    assert_eq!(after.size("file_serve").await.unwrap(), 1);
}

#[tokio::test]
async fn hooks_of_a_class_run_with_the_common_ones_also_when_it_is_known_by_name_only() {
    #[derive(Serialize, Deserialize)]
    struct Hooked {}

    impl Job for Hooked {
        const CLASS: &'static str = "Hooked";
        const QUEUE: &'static str = "q";

        async fn perform(self, _: &JobContext) -> JobResult {
            Ok(())
        }

        fn hooks() -> Hooks {
            Hooks::new().before_enqueue("no", |_| async { Ok(false) })
        }
    }

    let plain = client();
    assert_eq!(plain.enqueue(&Hooked {}).await.unwrap(), Enqueued::Refused);
    assert!(
        plain
            .enqueue_raw("q", "Hooked", &())
            .await
            .unwrap()
            .is_taken()
    );
    let knowing = plain.with_handlers(Handlers::new().register::<Hooked>());
    let outcome = knowing.enqueue_raw("q", "Hooked", &()).await.unwrap();
    assert_eq!(outcome, Enqueued::Refused);
}

#[tokio::test]
async fn the_hooks_of_all_jobs_of_a_process_run_for_what_its_jobs_enqueue_once() {
    let log = Log::default();
    let handlers = Handlers::new()
        .register_fn("First", |_: (u8,), ctx| async move {
            ctx.client().enqueue_raw("q", "Second", &(2,)).await?;
            Ok(())
        })
        .register_fn("Second", |_: (u8,), _| async { Ok(()) })
        .hooks(log.enqueue_hooks());
    let client = client();
    client.enqueue_raw("q", "First", &(1,)).await.unwrap();
    assert_eq!(log.lines(), json!([]), "this client knows no handlers");
    drain(&client, handlers.clone()).await.unwrap();
    let second = json!([
        ["before_enqueue_a", 2],
        ["before_enqueue_b", 2],
        ["after_enqueue_a", 2],
        ["after_enqueue_b", 2],
    ]);
    assert_eq!(log.lines(), second);

    let log = Log::default();
    let handlers = handlers.hooks(log.enqueue_hooks());
    let inline = Client::inline(handlers.clone()).with_handlers(handlers);
    inline.enqueue_raw("q", "First", &(1,)).await.unwrap();
    assert_eq!(
        log.lines().as_array().unwrap().len(),
        8,
        "two jobs with four hooks each"
    );
}

#[tokio::test]
async fn plain_pushes_run_no_hooks_and_take_any_bytes() {
    let client = client().with_hooks(Hooks::new().before_enqueue("no", |_| async { Ok(false) }));
    assert_eq!(
        client.create_job("q", "Archive", (1, "x")).await.unwrap(),
        1
    );
    assert_eq!(client.push("q", &b"\xff no job"[..]).await.unwrap(), 2);
    let jobs = client.peek("q", resque_core::Page::ALL).await.unwrap();
    assert_eq!(jobs[0].to_string(), r#"(Job{q} | Archive | [1, "x"])"#);
    assert_eq!(jobs[1].payload().as_bytes(), b"\xff no job");
    assert!(jobs[1].class().is_none() && jobs[1].flaw().is_some());
}

#[tokio::test]
async fn an_enqueue_future_is_send_even_for_a_job_that_is_not_sync() {
    #[derive(Serialize, Deserialize)]
    struct Cell(std::cell::Cell<u8>);

    impl Job for Cell {
        const CLASS: &'static str = "Cell";
        const QUEUE: &'static str = "q";

        async fn perform(self, _: &JobContext) -> JobResult {
            Ok(())
        }
    }

    let client = client();
    let task = async move {
        let enqueued = {
            let job = Cell(std::cell::Cell::new(7));
            client.enqueue(&job)
        };
        enqueued.await
    };
    let spawned = tokio::spawn(task).await.unwrap().unwrap();
    assert_eq!(spawned, Enqueued::Queued { length: 1 });
}
