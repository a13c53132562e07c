//! What policies say.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use resque::worker::{Ending, Event};
use resque::{DelayedJob, Handlers, JobError, RetryPolicy, Verdict};

use crate::on_every_store;
use crate::world::{Running, World};

on_every_store! {
    exponential_delays_grow_with_jitter_up_to_the_longest,
    a_custom_policy_is_asked_after_each_attempt,
    no_attempt_begins_when_a_job_is_too_old,
    errors_mean_what_the_policy_says_of_their_kind,
}

const MINUTE: Duration = Duration::from_secs(60);

async fn delayed(world: &World) -> Vec<DelayedJob> {
    world
        .client
        .delayed()
        .unwrap()
        .find(|_| true)
        .await
        .unwrap()
}

async fn exponential_delays_grow_with_jitter_up_to_the_longest(world: World) {
    const JOBS: usize = 20;
    let policy = RetryPolicy::exponential(10 * MINUTE, 35 * MINUTE);
    let policy = policy.jitter(0.25).max_attempts(4);
    let mut worker = Running::start(world.worker("q").retry(policy));
    for number in 0..JOBS {
        let payload = format!(r#"{{"class":"Flaky","args":[9],"n":{number}}}"#);
        world.push(&payload).await;
    }
    for base in [10, 20, 35] {
        let before = world.client.store_time().await.unwrap();
        worker.settled(JOBS).await;
        let after = world.client.store_time().await.unwrap();
        let jobs = delayed(&world).await;
        let due: Vec<SystemTime> = jobs.iter().map(|job| job.due).collect();
        let (first, last) = (*due.iter().min().unwrap(), *due.iter().max().unwrap());
        assert_eq!(due.len(), JOBS);
        // A worker knows the store's time but for a moment.
        assert!(first + MINUTE > before + base * MINUTE, "{base}: {due:?}");
        assert!(
            last < after + base * MINUTE * 5 / 4 + MINUTE,
            "{base}: {due:?}"
        );
        let spread = last.duration_since(first).unwrap();
        assert!(spread > Duration::from_secs(1), "they all come at once");
        let waiting = world.client.delayed().unwrap();
        assert_eq!(waiting.enqueue_all_now(&jobs).await.unwrap(), JOBS as u64);
    }
    worker.settled(JOBS).await;
    worker.quit().await;
    let attempts = world
        .failures()
        .await
        .iter()
        .map(|one| one.attempts())
        .collect::<Vec<_>>();
    assert_eq!(attempts, [4; JOBS]);
    let all = i64::try_from(4 * JOBS).unwrap();
    assert_eq!(world.counts().await, (all, all));
}

async fn a_custom_policy_is_asked_after_each_attempt(world: World) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asks = asked.clone();
    let policy = RetryPolicy::custom(move |failure, attempt| {
        asks.lock().unwrap().push((failure.error.clone(), attempt));
        match attempt {
            1 | 2 => Verdict::RetryIn(Duration::from_millis(10)),
            _ => Verdict::Discard,
        }
    });
    let mut worker = Running::start(world.worker("q").retry(policy));
    world.push(r#"{"class":"Flaky","args":[9]}"#).await;
    worker.settled(3).await;
    worker.quit().await;
    let expected = [1, 2, 3].map(|attempt| (format!("attempt {attempt}"), attempt));
    assert_eq!(*asked.lock().unwrap(), expected);
    assert_eq!(
        (world.failures().await, world.delayed().await),
        (vec![], vec![])
    );
}

async fn no_attempt_begins_when_a_job_is_too_old(world: World) {
    let policy = |delay: Duration| RetryPolicy::fixed(delay).max_age(60 * MINUTE);
    let fails = |_: Vec<u32>, _| async { Err(JobError::new("Oops", "no")) };
    let handlers = Handlers::new()
        .register_fn("Within", fails)
        .register_fn("Beyond", fails)
        .retry_class("Within", policy(50 * MINUTE))
        .retry_class("Beyond", policy(70 * MINUTE));
    let mut worker = Running::start(world.worker("q").handlers(handlers));
    for class in ["Within", "Beyond"] {
        world
            .push(&format!(r#"{{"class":"{class}","args":[]}}"#))
            .await;
    }
    worker.settled(2).await;
    worker.quit().await;
    let waiting = world.delayed().await;
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].to_text_lossy().contains("Within"));
    let failed = world.failures().await;
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].attempts(), &*failed[0].exception), (1, "Oops"));
}

async fn errors_mean_what_the_policy_says_of_their_kind(world: World) {
    let policy = RetryPolicy::fixed(MINUTE)
        .on("Mail::Bounced", Verdict::Discard)
        .on("Bank::Closed", Verdict::Snooze(MINUTE))
        .on("Card::Stolen", Verdict::Fail)
        .on_error::<std::num::ParseIntError>(Verdict::Fail);
    let builder = world.worker("q").concurrency(1).retry(policy);
    let builder = builder.register_fn("Fails", |(kind,): (String,), _| async move {
        let _: u32 = if kind == "number" { "x".parse()? } else { 1 };
        Err(JobError::new(kind, "no"))
    });
    let mut worker = Running::start(builder);
    let mut endings = Vec::new();
    for kind in [
        "Mail::Bounced",
        "Bank::Closed",
        "Card::Stolen",
        "number",
        "Other",
    ] {
        world
            .push(&format!(r#"{{"class":"Fails","args":["{kind}"]}}"#))
            .await;
        let ending = worker
            .saw(|event| match event {
                Event::JobFinished { ending, .. } => Some(ending.clone()),
                _ => None,
            })
            .await;
        endings.push(match ending {
            Ending::Discarded(_) => "discarded",
            Ending::Snoozed { .. } => "snoozed",
            Ending::Failed(_) => "failed",
            Ending::Retried { .. } => "retried",
            other => panic!("{kind}: {other:?}"),
        });
    }
    assert_eq!(
        endings,
        ["discarded", "snoozed", "failed", "failed", "retried"]
    );
    worker.quit().await;
    let failed: Vec<_> = world
        .failures()
        .await
        .into_iter()
        .map(|one| one.exception)
        .collect();
    let number = std::any::type_name::<std::num::ParseIntError>();
    assert_eq!(failed, ["Card::Stolen", number]);
    assert_eq!(delayed(&world).await.len(), 2);
}
