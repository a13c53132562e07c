//! A worker that performs what is in its queues, and leaves.

use redis::AsyncCommands;
use resque::worker::StopReport;
use resque::{Handlers, Hooks, JobError};

use crate::harness::Golden;

/// Puts the payloads into the first of the queues, lets a worker perform them and compares.
async fn performed(
    name: &'static str,
    queues: &str,
    payloads: &[&str],
    handlers: Handlers,
) -> StopReport {
    let golden = Golden::open(name).await;
    let first = queues.split(',').next().unwrap();
    for payload in payloads {
        golden
            .client
            .push(first, payload.to_string())
            .await
            .unwrap();
    }
    let report = golden.work(queues, handlers).await;
    golden.check().await;
    report
}

/// A class without arguments whose jobs end well.
fn noargs() -> Handlers {
    Handlers::new().register_fn("Noargs", |(): (), _| async { Ok(()) })
}

/// A class whose jobs fail like this, whatever their arguments.
fn failing(class: &str, exception: &'static str, error: &'static str) -> Handlers {
    Handlers::new().register_fn(class, move |_: Vec<serde_json::Value>, _| async move {
        Err(JobError::new(exception, error))
    })
}

#[tokio::test]
async fn nothing() {
    performed("07_worker_start_idle_stop", "file_serve", &[], noargs()).await;
}

#[tokio::test]
async fn successes() {
    for name in ["08_job_success_fork", "08b_job_success_nofork"] {
        let job = r#"{"class":"Noargs","args":[]}"#;
        let report = performed(name, "file_serve", &[job], noargs()).await;
        assert_eq!((report.processed, report.failed), (1, 0));
    }
    for name in [
        "perl_05_worker_success_fork",
        "perl_05b_worker_success_nofork",
    ] {
        let handlers =
            Handlers::new().register_fn("Archive", |_: Vec<serde_json::Value>, _| async { Ok(()) });
        let job = r#"{"class":"Archive","args":[1,"x"]}"#;
        let report = performed(name, "q,low", &[job], handlers).await;
        assert_eq!((report.processed, report.failed), (1, 0));
    }
}

#[tokio::test]
async fn failures() {
    let boom = || failing("Boom", "ArgumentError", "boom: café \"quoted\"");
    let two = r#"{"class":"Boom","args":[{"a":1},"café"]}"#;
    for (name, job) in [
        ("10_job_failure_fork", two),
        ("tz_madrid_10_job_failure_fork", two),
        ("10b_job_failure_nofork", r#"{"class":"Boom","args":[1]}"#),
    ] {
        let report = performed(name, "file_serve", &[job], boom()).await;
        assert_eq!(report.failed, 1);
    }
    let job = r#"{"class":"MultiQ","args":[1]}"#;
    let handlers = failing("MultiQ", "RuntimeError", "multi");
    performed("17b_multi_queue_worker", "alpha", &[job], handlers).await;
}

#[tokio::test]
async fn perls_failures() {
    let name = "Resque::Failure::Job";
    let job = r#"{"class":"Boom","args":[1,"x"]}"#;
    let handlers = failing("Boom", name, "boom line1");
    performed("perl_06_worker_failure_fork", "q,low", &[job], handlers).await;
    let job = r#"{"class":"Boom1","args":[1,"x"]}"#;
    let handlers = failing("Boom1", name, "single at <PATH> line 1.");
    performed("perl_06b_worker_failure_single", "q,low", &[job], handlers).await;
    let job = r#"{"class":"No::Such","args":[1,"x"]}"#;
    performed("perl_06c_worker_unknown_class", "q,low", &[job], noargs()).await;
}

#[tokio::test]
async fn an_unknown_class() {
    let job = r#"{"class":"Missing::Klass","args":[1]}"#;
    performed("10d_unknown_class", "file_serve", &[job], noargs()).await;
}

#[tokio::test]
async fn arguments_that_do_not_fit() {
    let job = r#"{"class":"Noargs","args":[1,2]}"#;
    performed("10e_wrong_arity", "file_serve", &[job], noargs()).await;
    let jobs = [
        r#"{"class":"Noargs","args":null}"#,
        r#"{"class":"Noargs"}"#,
        r#"{"class":"Noargs","args":{"x":1}}"#,
        r#"{"class":"Noargs","args":"str"}"#,
    ];
    let report = performed("10f_args_null_and_missing", "file_serve", &jobs, noargs()).await;
    assert_eq!((report.processed, report.failed), (4, 2));
}

/// What is no job stops Ruby's worker, or is lost; here it is on record and the next one is
/// performed.
#[tokio::test]
async fn payloads_that_are_no_job() {
    let good = r#"{"class":"Noargs","args":[]}"#;
    for (name, payloads) in [
        ("10g_payload_not_object", &["[1,2]"][..]),
        ("10h_payload_invalid_json", &["{not json", good]),
        ("10i_payload_null", &["null", good]),
        ("10j_payload_string", &[r#""str""#]),
        ("10k_payload_number", &["5"]),
    ] {
        let report = performed(name, "file_serve", payloads, noargs()).await;
        let expected = (u64::try_from(payloads.len()).unwrap(), 1);
        assert_eq!((report.processed, report.failed), expected, "{name}");
    }
}

#[tokio::test]
async fn a_hook_that_says_not_to() {
    let hooks = Hooks::new().before_perform("before_perform", |_| async {
        Err(JobError::dont_perform())
    });
    let handlers = Handlers::new()
        .register_fn("DontP", |_: (u64,), _| async { Ok(()) })
        .hooks(hooks);
    let job = r#"{"class":"DontP","args":[1]}"#;
    let report = performed("12_dont_perform", "file_serve", &[job], handlers).await;
    assert_eq!(report.failed, 0);
}

#[tokio::test]
async fn a_failure_hook_that_fails_itself() {
    let hooks = Hooks::new().on_failure("on_failure", |_, _| async {
        Err(JobError::new("RuntimeError", "hook itself failed"))
    });
    let handlers = failing("FailHookBoom", "RuntimeError", "orig").hooks(hooks);
    let job = r#"{"class":"FailHookBoom","args":[1]}"#;
    performed("13b_on_failure_hook_raises", "file_serve", &[job], handlers).await;
}

#[tokio::test]
async fn queues_by_priority_and_by_pattern() {
    for (name, queues, pushed) in [
        ("21_queue_order_priority", "a,b", &["b", "a", "b"][..]),
        ("21c_wildcard_worker", "*", &["z", "a"]),
    ] {
        let golden = Golden::open(name).await;
        for queue in pushed {
            let job = format!(r#"{{"class":"Tell","args":["{queue}"]}}"#);
            golden.client.push(queue, job).await.unwrap();
        }
        let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let told = order.clone();
        let handlers = Handlers::new().register_fn("Tell", move |(queue,): (String,), _| {
            told.lock().unwrap().push(queue);
            async { Ok(()) }
        });
        golden.work(queues, handlers).await;
        assert!(order.lock().unwrap().is_sorted(), "{order:?}");
        golden.check().await;
    }
}

/// A queue that is none: Ruby's worker leaves, and so does ours when it may not wait.
#[tokio::test]
async fn a_queue_of_the_wrong_type() {
    let mut golden = Golden::open("33_redis_error_in_reserve").await;
    let key = "resque:queue:file_serve";
    golden.raw.set::<_, _, ()>(key, "notalist").await.unwrap();
    golden.work("file_serve", noargs()).await;
    golden.check().await;
}
