//! Decisions that a test cannot wait for: after workers were lost, and by chance.

use std::time::Duration;

use resque_core::wire::extra::{Death, Extras};
use resque_core::{
    Attempt, Client, Decision, FailureRecord, Handlers, JobFailure, ManualClock, Payload,
    Performer, QueueName, RetryPolicy, Verdict,
};

use crate::support::client_at;

const MINUTE: Duration = Duration::from_secs(60);
const PLAIN: &str = r#"{"class":"Work","args":[1e400]}"#;

fn performer(client: &Client, policy: RetryPolicy) -> Performer {
    let handlers = Handlers::new().register_fn("Work", |_: (f64,), _| async { Ok(()) });
    Performer::new(handlers.retry(policy), client.clone())
}

/// The decision after one more worker was lost with a job.
fn after_a_death(client: &Client, policy: RetryPolicy, deaths: usize) -> (Decision, FailureRecord) {
    let mut extras = Extras::default();
    for _ in 0..deaths {
        extras.attempts += 1;
        extras
            .deaths
            .push(Death::new(client.clock().now(), "web-1"));
    }
    let payload = Payload::from(extras.write(PLAIN.as_bytes()).unwrap());
    let performer = performer(client, policy);
    let ctx = performer.prepare(Attempt::new(QueueName::new("q").ok(), payload));
    let death = Death::new(client.clock().now(), "web-2");
    let failure = performer.decide(&ctx, JobFailure::dirty_exit().with_death(death));
    let decision = failure.decision.unwrap();
    (decision, failure.into_record(&ctx, client.clock().now()))
}

#[tokio::test]
async fn a_snooze_ends_at_a_time_that_every_store_can_write_down() {
    let client = client_at(&ManualClock::new());
    let performer = performer(&client, RetryPolicy::default());
    let attempt = Attempt::new(QueueName::new("q").ok(), Payload::from(PLAIN));
    let ctx = performer.prepare(attempt);
    let now = client.clock().now();
    let ages = Duration::from_secs(1 << 50);
    for (until, latest) in [(now - ages, now), (now + ages, now + ages / 100_000)] {
        let failure = JobFailure::dirty_exit().with_verdict(Verdict::SnoozeUntil(until));
        match performer.decide(&ctx, failure).decision {
            Some(Decision::SnoozeUntil(at)) => assert!(now <= at && at <= latest, "{at:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_job_that_keeps_killing_workers_is_quarantined_with_its_history() {
    let client = client_at(&ManualClock::new());
    let patient = || RetryPolicy::fixed(MINUTE);
    let at = client.clock().now() + MINUTE;
    for (policy, deaths, expected) in [
        (patient(), 0, Decision::RetryAt(at)),
        (patient(), 1, Decision::RetryAt(at)),
        (patient(), 2, Decision::Quarantine),
        (patient(), 9, Decision::Quarantine),
        (patient().max_deaths(1), 0, Decision::Quarantine),
        (patient().max_deaths(5), 3, Decision::RetryAt(at)),
        (patient().max_attempts(2), 1, Decision::Fail),
    ] {
        assert_eq!(
            after_a_death(&client, policy, deaths).0,
            expected,
            "{deaths}"
        );
    }
    let (_, record) = after_a_death(&client, patient(), 2);
    let expected = "Job still being processed (the job has cost 3 workers and is tried no more)";
    assert_eq!(
        (&*record.exception, &*record.error),
        ("Resque::DirtyExit", expected)
    );
    let hosts: Vec<_> = record
        .history()
        .deaths
        .into_iter()
        .map(|death| death.host)
        .collect();
    assert_eq!(hosts, ["web-1", "web-1", "web-2"]);
}

#[tokio::test]
async fn a_delay_is_lengthened_by_what_is_random() {
    let client = client_at(&ManualClock::new());
    let policy = RetryPolicy::exponential(MINUTE, MINUTE).jitter(0.5);
    let performer = performer(&client, policy).with_random(|| 0.5);
    let ctx = performer.prepare(Attempt::new(None, Payload::from(PLAIN)));
    let failure = performer.decide(&ctx, JobFailure::new("E", "no"));
    let expected = client.clock().now() + Duration::from_secs(75);
    assert_eq!(failure.retry_at(), Some(expected));
}
