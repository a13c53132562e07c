//! What becomes of jobs that fail: policies, verdicts, and what the payload tells.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use resque_core::testing::{Drained, Fixture};
use resque_core::wire::extra::Extras;
use resque_core::{
    Client, Enqueued, FailureQuery, FailureRecord, Handlers, Hooks, JobError, JobFailure, NewJob,
    RetryPolicy, Verdict,
};
use resque_memory::MemoryBackend;

const MINUTE: Duration = Duration::from_secs(60);
const PLAIN: &str = r#"{"class":"Work","args":[1e400]}"#;

fn fixture() -> Fixture {
    Fixture::new(|clock| MemoryBackend::with_clock(clock).backend())
}

/// Jobs of the class `Work`, which fail with what `fail` says of the attempt.
fn work<F>(fail: F) -> Handlers
where
    F: Fn(u32) -> Option<JobError> + Clone + Send + Sync + 'static,
{
    Handlers::new().register_handler("Work", Fails(fail))
}

struct Fails<F>(F);

impl<F> resque_core::Handler for Fails<F>
where
    F: Fn(u32) -> Option<JobError> + Send + Sync + 'static,
{
    fn handle<'a>(
        &'a self,
        ctx: &'a resque_core::JobContext,
    ) -> futures::future::BoxFuture<'a, resque_core::JobResult> {
        let result = (self.0)(ctx.attempt()).map_or(Ok(()), Err);
        Box::pin(std::future::ready(result))
    }
}

fn oops(attempt: u32) -> Option<JobError> {
    Some(JobError::new("Oops", format!("attempt {attempt}")))
}

async fn push(test: &Fixture) {
    test.client.push("q", PLAIN).await.unwrap();
}

async fn records(test: &Fixture) -> Vec<FailureRecord> {
    let page = test.client.failures().unwrap();
    let page = page.page(&FailureQuery::default()).await.unwrap();
    let records = page.entries.iter();
    records
        .map(|entry| entry.content.record().unwrap().clone())
        .collect()
}

async fn counts(test: &Fixture) -> (i64, i64) {
    let stats = test.client.stats().unwrap();
    (
        stats.get("processed").await.unwrap(),
        stats.get("failed").await.unwrap(),
    )
}

/// The delays between the attempts, in seconds.
fn delays(begin: SystemTime, drained: &Drained) -> Vec<u64> {
    let mut last = begin;
    let mut delays = Vec::new();
    for (_, failure) in drained.retries() {
        let at = failure.retry_at().unwrap();
        delays.push(at.duration_since(last).unwrap().as_secs());
        last = at;
    }
    delays
}

#[tokio::test]
async fn without_a_policy_a_failed_job_goes_to_the_failed_list_as_it_is() {
    let test = fixture();
    push(&test).await;
    let drained = test.drain_through_time(work(oops)).await.unwrap();
    assert_eq!((drained.failures().len(), drained.retries().len()), (1, 0));
    assert_eq!(records(&test).await[0].payload.as_bytes(), PLAIN.as_bytes());
}

#[tokio::test]
async fn a_job_is_tried_again_until_it_comes_to_a_good_end() {
    let test = fixture();
    push(&test).await;
    let begin = test.client.clock().now();
    let handlers = work(|attempt| oops(attempt).filter(|_| attempt < 4));
    let policy = RetryPolicy::exponential(MINUTE, 3 * MINUTE);
    let drained = test
        .drain_through_time(handlers.retry(policy))
        .await
        .unwrap();
    assert_eq!((drained.done(), drained.failures().len()), (1, 0));
    assert_eq!(delays(begin, &drained), [60, 120, 180]);
    assert_eq!(counts(&test).await, (4, 3), "each attempt counts");
    assert_eq!(records(&test).await, []);
    let (first, _) = &drained.jobs[0];
    assert_eq!(first.payload().as_bytes(), PLAIN.as_bytes());
    let told = Extras::read(drained.jobs[3].0.payload().as_bytes());
    assert_eq!((told.attempts, told.first_attempt), (3, Some(begin)));
    assert_eq!(told.last_error.unwrap().message, "attempt 3");
}

#[tokio::test]
async fn after_the_last_attempt_the_failed_list_tells_how_many_there_were() {
    let test = fixture();
    push(&test).await;
    let policy = RetryPolicy::list([1, 5].map(Duration::from_secs));
    let drained = test
        .drain_through_time(work(oops).retry(policy))
        .await
        .unwrap();
    assert_eq!((drained.retries().len(), drained.failures().len()), (2, 1));
    let record = records(&test).await.remove(0);
    assert_eq!(record.error, "attempt 3");
    assert_eq!(record.attempts(), 3);
    let text = record.payload.to_text_lossy().into_owned();
    assert!(text.starts_with(r#"{"class":"Work","args":[1e400],"rs":{"attempts":3,"first_at":"#));
    assert!(text.ends_with(r#","ended":true}}"#), "{text}");
}

#[tokio::test]
async fn a_job_that_is_put_back_from_the_failed_list_begins_a_new_life() {
    let test = fixture();
    push(&test).await;
    let handlers = || work(oops).retry(RetryPolicy::fixed(MINUTE).max_attempts(2));
    test.drain_through_time(handlers()).await.unwrap();
    test.client.failures().unwrap().retry_all().await.unwrap();
    let drained = test.drain_through_time(handlers()).await.unwrap();
    assert_eq!((drained.retries().len(), drained.failures().len()), (1, 1));
    assert_eq!(records(&test).await[0].attempts(), 2);

    test.client.failures().unwrap().clear().await.unwrap();
    test.client
        .push(
            "q",
            r#"{"class":"Work","args":[1e400],"rs":{"attempts":9,"ended":true}}"#,
        )
        .await
        .unwrap();
    test.drain(work(oops)).await.unwrap();
    let record = records(&test).await.remove(0);
    assert_eq!(
        record.payload.as_bytes(),
        PLAIN.as_bytes(),
        "nothing left to tell"
    );
}

#[tokio::test]
async fn no_attempt_begins_later_than_the_age_permits() {
    let test = fixture();
    push(&test).await;
    let policy = RetryPolicy::fixed(MINUTE)
        .max_attempts(u32::MAX)
        .max_age(3 * MINUTE);
    let drained = test
        .drain_through_time(work(oops).retry(policy))
        .await
        .unwrap();
    assert_eq!((drained.retries().len(), drained.failures().len()), (3, 1));
}

#[tokio::test]
async fn an_error_can_ask_for_its_own_delay_but_not_for_more_attempts() {
    let test = fixture();
    push(&test).await;
    let begin = test.client.clock().now();
    let handlers = work(|attempt| oops(attempt).map(|error| error.retry_in(5 * MINUTE)));
    let policy = RetryPolicy::fixed(MINUTE).max_attempts(3);
    let drained = test
        .drain_through_time(handlers.retry(policy))
        .await
        .unwrap();
    assert_eq!(delays(begin, &drained), [300, 300]);
    assert_eq!(drained.failures().len(), 1);
}

#[tokio::test]
async fn an_error_can_ask_for_a_retry_where_there_is_no_policy() {
    let test = fixture();
    push(&test).await;
    let begin = test.client.clock().now();
    let handlers = work(|attempt| oops(attempt).map(JobError::retry));
    let drained = test.drain_through_time(handlers).await.unwrap();
    let expected = [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560];
    assert_eq!(delays(begin, &drained), expected, "as the ordinary policy");
    assert_eq!(drained.failures().len(), 1);
}

#[tokio::test]
async fn an_error_can_fail_a_job_at_once() {
    let test = fixture();
    push(&test).await;
    let handlers = work(|attempt| oops(attempt).map(JobError::fail_now));
    let drained = test
        .drain_through_time(handlers.retry(RetryPolicy::default()))
        .await
        .unwrap();
    assert_eq!((drained.jobs.len(), drained.failures().len()), (1, 1));
    assert_eq!(records(&test).await[0].payload.as_bytes(), PLAIN.as_bytes());
}

#[tokio::test]
async fn a_discarded_job_counts_as_performed_and_is_on_no_list() {
    let test = fixture();
    push(&test).await;
    let policy = RetryPolicy::default().on("Oops", Verdict::Discard);
    let drained = test
        .drain_through_time(work(oops).retry(policy))
        .await
        .unwrap();
    assert_eq!(drained.discarded().len(), 1);
    assert_eq!(
        (counts(&test).await, records(&test).await),
        ((1, 0), vec![])
    );
}

#[tokio::test]
async fn a_snoozed_job_waits_with_its_own_bytes_as_if_it_had_not_been_tried() {
    let test = fixture();
    push(&test).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let attempts = asked.clone();
    let until = test.client.clock().now() + 7 * MINUTE;
    let handlers = work(move |attempt| {
        let mut asked = attempts.lock().unwrap();
        asked.push(attempt);
        match asked.len() {
            1 => oops(attempt).map(|error| error.snooze(MINUTE)),
            2 => oops(attempt).map(|error| error.snooze_until(until)),
            _ => None,
        }
    });
    let drained = test.drain_through_time(handlers).await.unwrap();
    assert_eq!((drained.snoozes().len(), drained.done()), (2, 1));
    assert_eq!(*asked.lock().unwrap(), [1, 1, 1]);
    assert_eq!(drained.jobs[2].0.payload().as_bytes(), PLAIN.as_bytes());
    assert_eq!(test.client.clock().now(), until);
    assert_eq!(counts(&test).await, (1, 0));
}

#[tokio::test]
async fn the_policy_of_a_class_comes_before_that_of_all() {
    let test = fixture();
    push(&test).await;
    test.client
        .push("q", r#"{"class":"Other","args":[]}"#)
        .await
        .unwrap();
    let handlers = work(oops)
        .retry(RetryPolicy::fixed(MINUTE).max_attempts(4))
        .retry_class("Work", RetryPolicy::never());
    let drained = test.drain_through_time(handlers).await.unwrap();
    let retried = drained.retries();
    assert!(retried.iter().all(|(job, _)| job.class() == Some("Other")));
    assert_eq!(
        (retried.len(), drained.failures().len()),
        (3, 2),
        "unknown classes too"
    );
}

#[tokio::test]
async fn what_is_no_job_is_never_tried_again() {
    let test = fixture();
    for payload in ["{oops", "[]", r#"{"class":"","args":[]}"#] {
        test.client.push("q", payload).await.unwrap();
    }
    let handlers = Handlers::new().retry(RetryPolicy::default());
    let drained = test.drain_through_time(handlers).await.unwrap();
    assert_eq!((drained.retries().len(), drained.failures().len()), (0, 3));
}

#[tokio::test]
async fn garbage_in_the_extras_breaks_no_job() {
    let test = fixture();
    let garbage = [
        "5",
        "null",
        r#"{"attempts":"x","deaths":[[]]}"#,
        r#"{"attempts":4294967295}"#,
    ];
    for rs in garbage {
        let payload = format!(r#"{{"class":"Work","args":[],"rs":{rs}}}"#);
        test.client.push("q", payload).await.unwrap();
    }
    let policy = RetryPolicy::fixed(MINUTE).max_attempts(2);
    let handlers = work(|attempt| oops(attempt).filter(|_| attempt == 1)).retry(policy);
    let drained = test.drain_through_time(handlers).await.unwrap();
    assert_eq!((drained.done(), drained.retries().len()), (4, 3));
}

#[tokio::test]
async fn a_member_of_somebody_else_is_recorded_as_it_is() {
    let test = fixture();
    for rs in [
        "5",
        r#"{ "theirs" : [1.00] }"#,
        "{ }",
        r#"{"attempts":"x"}"#,
    ] {
        let payload = format!(r#"{{"class":"Work","args":[],"rs": {rs}, "x":1 }}"#);
        test.client.push("q", payload.clone()).await.unwrap();
        test.drain(work(oops)).await.unwrap();
        let record = records(&test).await.remove(0);
        assert_eq!(record.payload.to_text_lossy(), payload);
    }
}

#[tokio::test]
async fn failure_hooks_run_after_each_attempt_and_are_told_whether_there_will_be_another() {
    let test = fixture();
    push(&test).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let hooks = Hooks::new().on_failure("tell", move |ctx, failure: JobFailure| {
        tell.lock()
            .unwrap()
            .push((ctx.attempt(), failure.retry_at().is_some()));
        async { Ok(()) }
    });
    let handlers = work(oops).hooks(hooks);
    test.drain_through_time(handlers.retry(RetryPolicy::fixed(MINUTE).max_attempts(2)))
        .await
        .unwrap();
    assert_eq!(*told.lock().unwrap(), [(1, true), (2, false)]);
}

#[tokio::test]
async fn failure_hooks_are_not_told_of_a_snooze() {
    let test = fixture();
    push(&test).await;
    let told = Arc::new(Mutex::new(0));
    let tell = told.clone();
    let hooks = Hooks::new().on_failure("tell", move |_, _| {
        *tell.lock().unwrap() += 1;
        async { Ok(()) }
    });
    let handlers = work(|attempt| oops(attempt).map(|error| error.snooze(MINUTE)));
    let drained = test.drain(handlers.hooks(hooks)).await.unwrap();
    assert_eq!((drained.snoozes().len(), *told.lock().unwrap()), (1, 0));
}

#[tokio::test]
async fn a_failure_hook_that_fails_takes_no_retry_away() {
    let test = fixture();
    push(&test).await;
    let hooks = Hooks::new().on_failure("broken", |_, _| async { Err("no mail".into()) });
    let handlers = work(|attempt| oops(attempt).filter(|_| attempt == 1)).hooks(hooks);
    let drained = test
        .drain_through_time(handlers.retry(RetryPolicy::default()))
        .await
        .unwrap();
    assert_eq!((drained.done(), drained.retries().len()), (1, 1));
    assert_eq!(drained.retries()[0].1.exception, "RuntimeError");
}

#[tokio::test]
async fn in_inline_mode_nothing_is_tried_again() {
    let handlers = work(oops).retry(RetryPolicy::default());
    let inline = Client::inline(handlers);
    let error = inline
        .submit(NewJob::raw("Work", &()).to("q"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "Work failed with Oops: attempt 1");
    let discards = Client::inline(work(|attempt| oops(attempt).map(JobError::discard)));
    let performed = discards
        .submit(NewJob::raw("Work", &()).to("q"))
        .await
        .unwrap();
    assert_eq!(performed, Enqueued::Performed);
}
