//! What happens to a job in Resque's own words: the orders and texts are recordings of the real
//! program.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::wire::golden::{recording, written};
use crate::{Client, Decision, Handler, Job, JobResult, Progress, QueueName};

/// What was called, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Value>>>);

impl Log {
    fn add(&self, line: Value) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Value {
        Value::Array(self.0.lock().unwrap().clone())
    }
}

fn performer(handlers: Handlers) -> Performer {
    Performer::new(handlers, Client::inline(Handlers::new()))
}

fn attempt(payload: &str) -> Attempt {
    let queue = QueueName::new("file_serve").unwrap();
    Attempt::new(Some(queue), Payload::from(payload.to_owned()))
}

async fn perform(performer: &Performer, payload: &str) -> Performed {
    let ctx = performer.prepare(attempt(payload));
    performer.perform(&ctx).await
}

fn failure(performed: Performed) -> JobFailure {
    match performed {
        Performed::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

/// The hooks of the recorded class, each writing down its name and its arguments.
fn logging_hooks(log: &Log) -> Hooks {
    let mut hooks = Hooks::new();
    for name in ["before_perform_b", "before_perform", "before_perform_a"] {
        let log = log.clone();
        hooks = hooks.before_perform(name, move |ctx| {
            let log = log.clone();
            async move {
                let (arg,): (String,) = ctx.args()?;
                log.add(json!([name, arg]));
                Ok(())
            }
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
        hooks = hooks.after_perform(name, move |ctx| {
            let log = log.clone();
            async move {
                let (arg,): (String,) = ctx.args()?;
                log.add(json!([name, arg]));
                Ok(())
            }
        });
    }
    for name in ["on_failure_b", "on_failure_a"] {
        let log = log.clone();
        hooks = hooks.on_failure(name, move |ctx, failure| {
            let log = log.clone();
            async move {
                let (arg,): (String,) = ctx.args()?;
                log.add(json!([name, failure.exception, arg]));
                Ok(())
            }
        });
    }
    hooks
}

fn hook_log(log: &Log) -> Handlers {
    let log = log.clone();
    Handlers::new().register_fn("HookLog", move |(arg,): (String,), _| {
        log.add(json!(["perform", arg]));
        async move {
            if arg == "fail" {
                Err("x".into())
            } else {
                Ok(())
            }
        }
    })
}

#[tokio::test]
async fn hooks_run_in_the_recorded_order() {
    let notes = &recording("13_hooks_order")["notes"];
    for (arg, expected) in [("ok", "perform_log"), ("fail", "fail_log")] {
        let log = Log::default();
        let performer = performer(hook_log(&log).hooks(logging_hooks(&log)));
        let payload = format!(r#"{{"class":"HookLog","args":["{arg}"]}}"#);
        let performed = perform(&performer, &payload).await;
        assert_eq!(performed == Performed::Done, arg == "ok");
        assert_eq!(log.lines(), notes[expected], "{arg}");
    }
}

#[tokio::test]
async fn failure_hooks_run_once_in_the_life_of_a_job() {
    let log = Log::default();
    let performer = performer(hook_log(&log).hooks(logging_hooks(&log)));
    let ctx = performer.prepare(attempt(r#"{"class":"HookLog","args":["fail"]}"#));
    let _ = performer.perform(&ctx).await;
    let before = log.lines();
    let again = performer.fail(&ctx, JobFailure::dirty_exit()).await;
    assert_eq!(
        again,
        JobFailure::dirty_exit().with_decision(Decision::Fail)
    );
    assert_eq!(log.lines(), before);
}

#[tokio::test]
async fn dont_perform_before_the_job_skips_it_quietly() {
    let log = Log::default();
    let hooks = logging_hooks(&log).before_perform("before_perform_aa", |_| async {
        Err(JobError::dont_perform())
    });
    let performer = performer(hook_log(&log).hooks(hooks));
    let performed = perform(&performer, r#"{"class":"HookLog","args":["ok"]}"#).await;
    assert_eq!(performed, Performed::Skipped);
    assert_eq!(
        log.lines(),
        json!([["before_perform", "ok"], ["before_perform_a", "ok"]])
    );
}

#[tokio::test]
async fn dont_perform_elsewhere_is_a_failure() {
    let handlers =
        Handlers::new().register_fn("D", |(): (), _| async { Err(JobError::dont_perform()) });
    let failed = failure(perform(&performer(handlers), r#"{"class":"D","args":null}"#).await);
    assert_eq!(failed.exception, "Resque::DontPerform");
}

#[tokio::test]
async fn an_around_hook_that_does_not_go_on_skips_the_job_but_not_the_after_hooks() {
    let log = Log::default();
    let after = log.clone();
    let hooks = Hooks::new()
        .around_perform("around", |_, _| async { Ok(()) })
        .after_perform("after", move |_| {
            after.add(json!("after"));
            async { Ok(()) }
        });
    let performer = performer(hook_log(&log).hooks(hooks));
    let performed = perform(&performer, r#"{"class":"HookLog","args":["ok"]}"#).await;
    assert_eq!(performed, Performed::Skipped);
    assert_eq!(
        log.lines(),
        recording("13c_around_without_yield")["notes"]["log"]
    );
}

#[tokio::test]
async fn a_failing_failure_hook_is_recorded_on_top_of_the_failure() {
    let entries = written(&["13b_on_failure_hook_raises"], |command, key| {
        command == "rpush" && key.ends_with(":failed")
    });
    let expected: Value = serde_json::from_str(&entries[0]).unwrap();
    let handlers = Handlers::new()
        .register_fn("FailHookBoom", |_: (u8,), _| async { Err("orig".into()) })
        .hooks(Hooks::new().on_failure("boom", |_, _| async { Err("hook itself failed".into()) }));
    let failed = failure(perform(&performer(handlers), &expected["payload"].to_string()).await);
    assert_eq!(failed.exception, expected["exception"].as_str().unwrap());
    assert_eq!(failed.error, expected["error"].as_str().unwrap());
}

#[tokio::test]
async fn class_hooks_and_common_hooks_run_as_one_list() {
    #[derive(Serialize, Deserialize)]
    struct Quiet {}

    impl Job for Quiet {
        const CLASS: &'static str = "Quiet";

        async fn perform(self, ctx: &JobContext) -> JobResult {
            ctx.state::<Log>()?.add(json!("perform"));
            Ok(())
        }

        fn hooks() -> Hooks {
            Hooks::new().before_perform("b", |ctx| async move {
                ctx.state::<Log>()?.add(json!("b of the class"));
                Ok(())
            })
        }

        fn timeout() -> Option<Duration> {
            Some(Duration::from_secs(7))
        }
    }

    let log = Log::default();
    let mut common = Hooks::new();
    for name in ["c", "a", "b"] {
        common = common.before_perform(name, move |ctx| async move {
            ctx.state::<Log>()?.add(json!(name));
            Ok(())
        });
    }
    let handlers = Handlers::new()
        .register::<Quiet>()
        .hooks(common)
        .state(log.clone());
    let performer = performer(handlers);
    let ctx = performer.prepare(attempt(r#"{"class":"Quiet","args":[]}"#));
    assert_eq!(ctx.timeout(), Some(Duration::from_secs(7)));
    assert_eq!(performer.perform(&ctx).await, Performed::Done);
    assert_eq!(
        log.lines(),
        json!(["a", "b", "b of the class", "c", "perform"])
    );
}

#[tokio::test]
async fn panics_are_failures_in_jobs_and_in_hooks() {
    let handlers = Handlers::new()
        .register_fn("P", |(): (), _| async { panic!("boom") })
        .register_fn("Q", |(): (), _| async { Ok(()) })
        .hooks(Hooks::new().after_perform("x", |_| async { panic!("in a hook") }));
    let performer = performer(handlers);
    for (class, message) in [("P", "boom"), ("Q", "in a hook")] {
        let payload = format!(r#"{{"class":"{class}","args":[]}}"#);
        let failed = failure(perform(&performer, &payload).await);
        assert_eq!((&*failed.exception, &*failed.error), ("Panic", message));
        assert!(
            failed.backtrace[0].contains("performer_tests.rs"),
            "{failed:?}"
        );
    }
}

#[tokio::test]
async fn unknown_classes_fail_as_in_ruby() {
    let handlers = Handlers::new()
        .register_fn("Known::Inner", |(): (), _| async { Ok(()) })
        .register_fn("JobName", |(): (), _| async { Ok(()) });
    let performer = performer(handlers);
    for (class, missing) in [
        ("Missing", "Missing"),
        ("Missing::Klass", "Missing"),
        ("::Missing", "Missing"),
        ("Known::Other", "Known::Other"),
        ("Known::Other::Deep", "Known::Other"),
    ] {
        let payload = format!(r#"{{"class":"{class}","args":[1]}}"#);
        let ctx = performer.prepare(attempt(&payload));
        assert_eq!((ctx.class(), ctx.is_known()), (class, false));
        let failed = failure(performer.perform(&ctx).await);
        assert_eq!(failed.exception, "NameError");
        assert_eq!(failed.error, format!("uninitialized constant {missing}"));
    }
    for class in ["job-name", "::JobName", "::Known::Inner"] {
        let payload = format!(r#"{{"class":"{class}","args":[]}}"#);
        assert_eq!(
            perform(&performer, &payload).await,
            Performed::Done,
            "{class}"
        );
    }
}

#[tokio::test]
async fn a_fallback_takes_what_nobody_knows() {
    struct Any(Log);

    impl Handler for Any {
        fn handle<'a>(&'a self, ctx: &'a JobContext) -> BoxFuture<'a, JobResult> {
            self.0.add(json!([ctx.class(), ctx.args_json()]));
            Box::pin(async { Ok(()) })
        }
    }

    let log = Log::default();
    let performer = performer(Handlers::new().fallback(Any(log.clone())));
    let performed = perform(&performer, r#"{"class":"X","args":{"a":1}}"#).await;
    assert_eq!(performed, Performed::Done);
    assert_eq!(log.lines(), json!([["X", r#"[{"a":1}]"#]]));
}

#[tokio::test]
async fn payloads_that_are_no_jobs_fail_and_the_common_failure_hooks_hear_of_it() {
    let log = Log::default();
    let heard = log.clone();
    let hooks = Hooks::new().on_failure("hear", move |_, failure| {
        heard.add(json!(failure.exception));
        async { Ok(()) }
    });
    let performer = performer(Handlers::new().hooks(hooks));
    for payload in [
        "{oops",
        "null",
        "7",
        "[1]",
        "\"x\"",
        "{}",
        r#"{"class":""}"#,
        "",
    ] {
        let ctx = performer.prepare(attempt(payload));
        assert_eq!((ctx.class(), ctx.args_json()), ("", "[]"));
        let failed = failure(performer.perform(&ctx).await);
        assert_eq!(failed.exception, INVALID_PAYLOAD, "{payload}");
        let record = failed.into_record(&ctx, SystemTime::UNIX_EPOCH);
        assert_eq!(record.payload.as_bytes(), payload.as_bytes());
        assert_eq!((&*record.queue, &*record.worker), ("file_serve", ""));
    }
    assert_eq!(log.lines().as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_argument_errors() {
    let handlers = Handlers::new().register_fn("A", |_: (u8, String), _| async { Ok(()) });
    let performer = performer(handlers);
    for args in ["[]", "[1]", r#"["x","y"]"#, r#"[1,"a",2]"#] {
        let payload = format!(r#"{{"class":"A","args":{args}}}"#);
        let failed = failure(perform(&performer, &payload).await);
        assert_eq!(
            failed.exception, "ArgumentError",
            "{args}: {}",
            failed.error
        );
    }
}

#[tokio::test]
async fn progress_reaches_the_sink() {
    let log = Log::default();
    let heard = log.clone();
    let handlers = Handlers::new().register_fn("P", |(): (), ctx| async move {
        ctx.progress(1, 3, "one");
        Ok(())
    });
    let performer = performer(handlers).with_progress(move |ctx: &JobContext, step: Progress| {
        heard.add(json!([ctx.class(), step.done, step.total, step.text]));
    });
    assert_eq!(
        perform(&performer, r#"{"class":"P","args":[]}"#).await,
        Performed::Done
    );
    assert_eq!(log.lines(), json!([["P", 1, 3, "one"]]));
}

#[tokio::test]
async fn state_that_was_not_given_is_an_error_that_says_what_to_do() {
    let handlers = Handlers::new().register_fn("S", |(): (), ctx| async move {
        ctx.state::<Log>()?;
        Ok(())
    });
    let failed = failure(perform(&performer(handlers), r#"{"class":"S","args":[]}"#).await);
    assert!(failed.error.contains("Handlers::state"), "{}", failed.error);
}
