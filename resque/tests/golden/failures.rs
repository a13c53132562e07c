//! Failures: both layouts, listed, retried, removed.

use resque::{FailureFilter, FailureId, FailureRecord, MassRemove, Payload};
use serde_json::json;

use crate::harness::{Golden, now};

/// What failed in the recordings, as class and queue; the error of the nth is `e<n>`.
const TWO: &[(&str, &str)] = &[("Archive", "q0"), ("Noargs", "q1")];
const THREE: &[(&str, &str)] = &[("Archive", "q0"), ("Noargs", "q1"), ("Archive", "q0")];
const FOUR: &[(&str, &str)] = &[
    ("Archive", "q0"),
    ("Noargs", "q1"),
    ("Archive", "q0"),
    ("Noargs", "q1"),
];

/// Does the same to the same failures in each scenario: both layouts recorded most of them.
async fn each(
    scenarios: &[(&'static str, &[(&str, &str)])],
    act: impl AsyncFn(&Golden, resque::Failures<'_>),
) {
    for (name, failed) in scenarios {
        let golden = Golden::open(name).await;
        for (n, (class, queue)) in failed.iter().enumerate() {
            golden.failed(n, class, queue).await;
        }
        act(&golden, golden.client.failures().unwrap()).await;
        golden.check().await;
    }
}

/// The id of the record with this error.
async fn id(failures: &resque::Failures<'_>, error: &str) -> FailureId {
    let entries = failures.all(0, 10).await.unwrap().into_iter();
    let says = |record: &FailureRecord| record.error == error;
    let mut found = entries.filter(|entry| entry.content.record().is_some_and(says));
    found.next().unwrap().id
}

fn of_queue(queue: &str) -> FailureFilter {
    let mut filter = FailureFilter::default();
    filter.queue = Some(queue.to_owned());
    filter
}

#[tokio::test]
async fn listed() {
    let both = [
        ("14_failure_list_ops", THREE),
        ("17_multi_queue_failure", THREE),
    ];
    each(&both, async |golden, failures| {
        let count = json!(failures.count().await.unwrap());
        assert!(
            [golden.note("count"), golden.note("count_all")].contains(&count),
            "{count}"
        );
        let mut archives = FailureFilter::default();
        archives.class = Some("Archive".to_owned());
        assert_eq!(failures.count_where(&archives).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn one_is_retried() {
    let all = [
        ("15_failure_requeue", TWO),
        ("17c_multi_queue_requeue", THREE),
        ("tz_madrid_15_failure_requeue", TWO),
        ("tz_madrid_17c_multi_queue_requeue", THREE),
    ];
    each(&all, async |_, failures| {
        let id = id(&failures, "e0").await;
        failures.retry(&id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn all_are_retried() {
    let both = [
        ("15b_failure_requeue_all", THREE),
        ("17e_multi_queue_requeue_all", THREE),
    ];
    each(&both, async |_, failures| {
        assert_eq!(failures.retry_all().await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn those_of_a_queue_are_retried() {
    let both = [
        ("15c_failure_requeue_queue", THREE),
        ("17d_multi_queue_requeue_queue", THREE),
    ];
    each(&both, async |_, failures| {
        assert_eq!(failures.retry_queue("q0").await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn one_is_removed() {
    for (name, error) in [
        ("16_failure_remove", "e1"),
        ("17f_multi_queue_remove", "e0"),
    ] {
        each(&[(name, THREE)], async |_, failures| {
            let id = id(&failures, error).await;
            failures.remove(&id).await.unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn those_of_a_queue_are_removed() {
    each(
        &[("16b_failure_remove_queue", FOUR)],
        async |_, failures| {
            assert_eq!(failures.remove_where(&of_queue("q0")).await.unwrap(), 2);
        },
    )
    .await;
    each(
        &[("17g_multi_queue_remove_queue", THREE)],
        async |_, failures| {
            assert_eq!(failures.remove_queue("q0").await.unwrap(), 2);
        },
    )
    .await;
}

#[tokio::test]
async fn all_are_removed() {
    each(&[("16c_failure_clear", THREE)], async |golden, failures| {
        let stats = golden.client.stats().unwrap();
        stats.set("failed", 3).await.unwrap();
        assert_eq!(failures.clear().await.unwrap(), 3);
    })
    .await;
    each(&[("17h_multi_queue_clear", THREE)], async |_, failures| {
        assert_eq!(failures.clear().await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn retried_ones_are_removed() {
    each(
        &[("16d_failure_clear_retried", FOUR)],
        async |_, failures| {
            for error in ["e0", "e2"] {
                let id = id(&failures, error).await;
                failures.retry(&id).await.unwrap();
            }
            assert_eq!(failures.clear_retried().await.unwrap(), 2);
        },
    )
    .await;
}

#[tokio::test]
async fn perls_calls() {
    let golden = Golden::open("perl_08_failures").await;
    let failures = golden.client.failures().unwrap();
    for (n, (error, queue)) in [
        ("err 0", "a"),
        ("msg 1", "b"),
        ("err 2", "a"),
        ("err 3", "b"),
    ]
    .into_iter()
    .enumerate()
    {
        let payload = Payload::new(format!(r#"{{"class":"C{n}","args":["{n}"]}}"#));
        let record = FailureRecord::new(now(), payload, "Resque::Failure::Job", error)
            .on(golden.worker("q").to_string(), queue);
        failures.record(record).await.unwrap();
    }
    let count = failures.count().await.unwrap();
    assert_eq!(json!(count.to_string()), golden.note("count"));
    let first = id(&failures, "err 0").await;
    failures.retry(&first).await.unwrap();
    let second = id(&failures, "msg 1").await;
    failures.remove(&second).await.unwrap();
    let mass = MassRemove::new()
        .queue("a")
        .when(|record| record.error.starts_with("err"))
        .requeue_to("z")
        .unwrap();
    let mass = mass.run(&failures).await.unwrap();
    assert_eq!(json!(mass), golden.note("mass"));
    let left: Vec<String> = failures
        .all(0, 10)
        .await
        .unwrap()
        .iter()
        .filter_map(|entry| Some(entry.content.record()?.error.clone()))
        .collect();
    assert_eq!(json!(left), golden.note("left"));
    let all = MassRemove::new().run(&failures).await.unwrap();
    assert_eq!(json!(all), golden.note("mass_all"));
    assert_eq!(
        json!(failures.clear().await.unwrap().to_string()),
        golden.note("clear")
    );
    golden.check().await;
}
