//! Workers: registered, at work, gone.

use redis::AsyncCommands;
use resque::{Handlers, Hooks, JobError, QueueList};

use crate::harness::{Golden, now};

#[tokio::test]
async fn s07_worker_start_idle_stop() {
    let golden = Golden::open("07_worker_start_idle_stop").await;
    golden.work(Handlers::new()).await;
    golden.check().await;
}

#[tokio::test]
async fn s08_job_success() {
    let golden = Golden::open("08_job_success_fork").await;
    golden
        .client
        .push("file_serve", r#"{"class":"Noargs","args":[]}"#)
        .await
        .unwrap();
    let handlers = Handlers::new().register_fn("Noargs", |(): (), _| async { Ok(()) });
    assert_eq!(golden.work(handlers).await.processed, 1);
    golden.check().await;
}

#[tokio::test]
async fn s09_working_on_snapshot() {
    let mut golden = Golden::open("09_working_on_snapshot").await;
    golden
        .client
        .push("file_serve", r#"{"class":"Slow","args":[1.5]}"#)
        .await
        .unwrap();
    let worker = golden.worker("file_serve");
    golden
        .backend
        .workers()
        .register(std::slice::from_ref(&worker), now())
        .await
        .unwrap();
    let from: QueueList = "file_serve".parse().unwrap();
    let queues = golden.backend.queues().clone();
    let reserved = queues
        .exchange(&[], &[worker], &from, now())
        .await
        .unwrap()
        .reserved;
    assert_eq!(reserved.len(), 1);
    golden.check_mid().await;
}

fn boom(_: serde_json::Value) -> JobError {
    JobError::new("ArgumentError", "boom: café \"quoted\"")
}

#[tokio::test]
async fn s10_job_failure() {
    let golden = Golden::open("10_job_failure_fork").await;
    golden
        .client
        .push("file_serve", r#"{"class":"Boom","args":[{"a":1},"café"]}"#)
        .await
        .unwrap();
    let handlers = Handlers::new().register_fn("Boom", |args: Vec<serde_json::Value>, _| async {
        Err(boom(args.into()))
    });
    assert_eq!(golden.work(handlers).await.failed, 1);
    golden.check().await;
}

#[tokio::test]
async fn s10b_job_failure_nofork() {
    let golden = Golden::open("10b_job_failure_nofork").await;
    golden
        .client
        .push("file_serve", r#"{"class":"Boom","args":[1]}"#)
        .await
        .unwrap();
    let handlers = Handlers::new().register_fn("Boom", |args: Vec<serde_json::Value>, _| async {
        Err(boom(args.into()))
    });
    assert_eq!(golden.work(handlers).await.failed, 1);
    golden.check().await;
}

#[tokio::test]
async fn s10d_unknown_class() {
    let golden = Golden::open("10d_unknown_class").await;
    golden
        .client
        .push("file_serve", r#"{"class":"Missing::Klass","args":[1]}"#)
        .await
        .unwrap();
    golden.work(Handlers::new()).await;
    golden.check().await;
}

#[tokio::test]
async fn s10e_wrong_arity() {
    let golden = Golden::open("10e_wrong_arity").await;
    golden
        .client
        .push("file_serve", r#"{"class":"Noargs","args":[1,2]}"#)
        .await
        .unwrap();
    let handlers = Handlers::new().register_fn("Noargs", |(): (), _| async { Ok(()) });
    golden.work(handlers).await;
    golden.check().await;
}

#[tokio::test]
async fn s10f_args_null_and_missing() {
    let golden = Golden::open("10f_args_null_and_missing").await;
    for payload in [
        r#"{"class":"Noargs","args":null}"#,
        r#"{"class":"Noargs"}"#,
        r#"{"class":"Noargs","args":{"x":1}}"#,
        r#"{"class":"Noargs","args":"str"}"#,
    ] {
        golden.client.push("file_serve", payload).await.unwrap();
    }
    let handlers = Handlers::new().register_fn("Noargs", |(): (), _| async { Ok(()) });
    let report = golden.work(handlers).await;
    assert_eq!((report.processed, report.failed), (4, 2));
    golden.check().await;
}

#[tokio::test]
async fn s12_dont_perform() {
    let golden = Golden::open("12_dont_perform").await;
    golden
        .client
        .push("file_serve", r#"{"class":"DontP","args":[1]}"#)
        .await
        .unwrap();
    let hooks = Hooks::new().before_perform("before_perform", |_| async {
        Err(JobError::dont_perform())
    });
    let handlers = Handlers::new()
        .register_fn("DontP", |_: (u64,), _| async { Ok(()) })
        .hooks(hooks);
    assert_eq!(golden.work(handlers).await.failed, 0);
    golden.check().await;
}

#[tokio::test]
async fn s19_unregister_with_job() {
    let mut golden = Golden::open("19_unregister_with_job").await;
    let id = "anyhost:77:file_serve";
    let note = r#"{"queue":"file_serve","run_at":"2026-11-20T23:00:25Z","payload":{"class":"Archive","args":[44,"x"]}}"#;
    let raw = &mut golden.raw;
    raw.sadd::<_, _, ()>("resque:workers", id).await.unwrap();
    raw.set::<_, _, ()>(format!("resque:worker:{id}"), note)
        .await
        .unwrap();
    let started = format!("resque:worker:{id}:started");
    raw.set::<_, _, ()>(started, "2026-11-20 23:00:25 +0000")
        .await
        .unwrap();
    raw.set::<_, _, ()>(format!("resque:stat:processed:{id}"), 7)
        .await
        .unwrap();
    assert!(golden.client.remove_worker(id).await.unwrap());
    golden.check().await;
}
