use resque_core::{Client, Enqueued, Error, Handlers, Hooks};
use serde_json::{Value, json};

use crate::support::{Archive, Log, notes};

fn logging(log: &Log) -> Handlers {
    let mut hooks = log.enqueue_hooks();
    for name in ["before_perform_b", "before_perform", "before_perform_a"] {
        let log = log.clone();
        hooks = hooks.before_perform(name, move |_| {
            log.add(json!([name, "ok"]));
            async { Ok(()) }
        });
    }
    for name in ["around_b", "around_a"] {
        let log = log.clone();
        hooks = hooks.around_perform(name, move |_, next| {
            let log = log.clone();
            async move {
                log.add(json!([format!("{name}_in")]));
                next.run().await?;
                log.add(json!([format!("{name}_out")]));
                Ok(())
            }
        });
    }
    for name in ["after_perform_b", "after_perform_a"] {
        let log = log.clone();
        hooks = hooks.after_perform(name, move |_| {
            log.add(json!([name, "ok"]));
            async { Ok(()) }
        });
    }
    let log = log.clone();
    Handlers::new()
        .hooks(hooks)
        .register_fn("HookLog", move |(arg,): (String,), ctx| {
            assert_eq!(ctx.queue(), "inline");
            log.add(json!(["perform", arg]));
            async { Ok(()) }
        })
}

#[tokio::test]
async fn everything_happens_in_the_call_and_in_the_recorded_order() {
    let log = Log::default();
    let client = Client::inline(logging(&log));
    let outcome = client
        .enqueue_raw("file_serve", "HookLog", &("ok",))
        .await
        .unwrap();
    assert_eq!(outcome, Enqueued::Performed);
    assert_eq!(log.lines(), notes("26_inline")["log"]);
}

#[tokio::test]
async fn a_job_that_fails_is_the_callers_error_and_its_failure_hooks_run() {
    let log = Log::default();
    let heard = log.clone();
    let hooks = Hooks::new().on_failure("hear", move |_, failure| {
        heard.add(json!(failure.error));
        async { Ok(()) }
    });
    let client = Client::inline(Handlers::new().register::<Archive>().hooks(hooks));
    assert_eq!(
        client.enqueue(&Archive::new(1)).await.unwrap(),
        Enqueued::Performed
    );
    let error = client.enqueue(&Archive::new(0)).await.unwrap_err();
    assert!(matches!(error, Error::JobFailed { .. }));
    assert_eq!(
        error.to_string(),
        "Archive failed with RuntimeError: no such repository"
    );
    assert_eq!(log.lines(), json!(["no such repository"]));
}

#[tokio::test]
async fn jobs_that_enqueue_jobs_perform_them_inside() {
    let log = Log::default();
    let (outer, inner) = (log.clone(), log.clone());
    let handlers = Handlers::new()
        .register_fn("Outer", move |args: Vec<Value>, ctx| {
            let log = outer.clone();
            async move {
                ctx.client().enqueue_raw("q", "Inner", &args).await?;
                log.add(json!("outer"));
                Ok(())
            }
        })
        .register_fn("Inner", move |args: Vec<Value>, _| {
            inner.add(json!(args));
            async { Ok(()) }
        });
    let client = Client::inline(handlers);
    let outcomes = client.submit_all([resque_core::NewJob::raw("Outer", &(1, "x")).to("q")]);
    assert_eq!(outcomes.await.unwrap(), [Enqueued::Performed]);
    assert_eq!(log.lines(), json!([[1, "x"], "outer"]));
}

#[tokio::test]
async fn a_delay_is_none_and_everything_else_needs_a_store() {
    let client = Client::inline(Handlers::new().register::<Archive>());
    let delay = std::time::Duration::from_secs(60);
    let outcome = client.enqueue_in(delay, &Archive::new(1)).await.unwrap();
    assert_eq!(outcome, Enqueued::Performed);
    let error = client.queues().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "listing queues needs a backend that offers a store, and inline mode does not"
    );
}
