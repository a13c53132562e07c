//! What a worker counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use resque_core::testing::{Fault, Operation};
use resque_core::worker::metrics::{ALL, Kind, StoreGauges};
use resque_core::worker::{Event, Phase, WorkerBuilder};
use resque_core::{Enqueue, QueueName};

use crate::world::{World, outage, start, until};

/// A worker that counts, and where.
fn counting(builder: WorkerBuilder) -> (WorkerBuilder, Snapshotter) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    (builder.metrics_to(Arc::new(recorder)), snapshotter)
}

/// Everything that was counted, `name{label=value}`; of histograms how many values.
fn read(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let values = snapshotter.snapshot().into_vec().into_iter();
    let one = values.map(|(key, _, _, value)| {
        let (kind, key) = key.into_parts();
        is_listed(kind, &key);
        let labels: Vec<_> = key
            .labels()
            .map(|l| format!("{}={}", l.key(), l.value()))
            .collect();
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(values) => values.len() as f64,
        };
        (format!("{}{{{}}}", key.name(), labels.join(",")), value)
    });
    one.collect()
}

/// Whatever is emitted is in the table, with the same kind and labels.
fn is_listed(kind: MetricKind, key: &metrics::Key) {
    let listed = ALL.iter().find(|metric| metric.name == key.name());
    let listed = listed.unwrap_or_else(|| panic!("{} is not in the table", key.name()));
    let wanted = match listed.kind {
        Kind::Counter => MetricKind::Counter,
        Kind::Gauge => MetricKind::Gauge,
        _ => MetricKind::Histogram,
    };
    assert_eq!(kind, wanted, "{}", key.name());
    let labels: Vec<_> = key.labels().map(|label| label.key()).collect();
    assert_eq!(labels, listed.labels, "{}", key.name());
}

#[tokio::test]
async fn jobs_are_counted_by_class_queue_and_outcome() {
    let world = World::new();
    let (builder, counted) = counting(world.worker().concurrency(3));
    world.push("Ok", 0..5).await;
    world.push("Fail", 0..2).await;
    world.push("Nobody", 0..1).await;
    let mut worker = start(builder);
    worker.settled(8).await;
    worker.quit().await;
    let counted = read(&counted);
    let all = |class: &str, outcome: &str| {
        counted[&format!("resque_jobs_ended_total{{class={class},queue=q,outcome={outcome}}}")]
    };
    assert_eq!(all("Ok", "done"), 5.0);
    assert_eq!(all("Ok", "failed"), 0.0);
    // Its argument is no text.
    assert_eq!(all("Fail", "failed"), 2.0);
    assert_eq!(all("(unknown)", "failed"), 1.0);
    assert_eq!(counted["resque_jobs_started_total{class=Ok,queue=q}"], 5.0);
    assert_eq!(
        counted["resque_job_duration_seconds{class=Ok,queue=q}"],
        5.0
    );
    assert_eq!(counted["resque_slots{pool=*}"], 3.0);
    assert_eq!(counted["resque_slots_busy{pool=*}"], 0.0);
    assert!(counted["resque_exchanges_total{result=ok}"] >= 1.0);
    assert_eq!(counted["resque_exchanges_total{result=failed}"], 0.0);
    assert_eq!(counted["resque_registrations_total{}"], 1.0);
    assert_eq!(counted["resque_outages_total{}"], 0.0);
}

#[tokio::test]
async fn troubles_are_counted_from_zero_on_by_what_was_being_done() {
    let world = World::new();
    let (builder, counted) = counting(world.worker());
    let mut worker = start(builder);
    worker.phase(Phase::Working).await;
    worker.quit().await;
    let counted = read(&counted);
    let of = |name: &str| -> Vec<_> {
        let all = counted.iter();
        all.filter(|(key, _)| key.starts_with(name)).collect()
    };
    let troubles = of("resque_troubles_total");
    assert!(troubles.len() > 20, "{troubles:?}");
    assert!(
        troubles.iter().all(|(_, count)| **count == 0.0),
        "{troubles:?}"
    );
    assert!(counted.contains_key("resque_troubles_total{doing=settle a job}"));
}

#[tokio::test]
async fn outages_and_missed_heartbeats_are_counted() {
    let world = World::new();
    let (builder, counted) = counting(world.worker());
    let mut worker = start(builder);
    worker.phase(Phase::Working).await;
    world.faults.next(Operation::Heartbeat, Fault::NotExecuted);
    let flow = world.flow();
    outage(&mut worker).await;
    worker
        .event(|event| matches!(event, Event::OutageOver { .. }).then_some(()))
        .await;
    let beats = async || world.faults.calls(Operation::Heartbeat) >= 2;
    until("the heartbeat was tried again", beats).await;
    drop(flow);
    worker.quit().await;
    let counted = read(&counted);
    assert_eq!(counted["resque_heartbeats_total{result=failed}"], 1.0);
    assert_eq!(counted["resque_outages_total{}"], 1.0);
    assert_eq!(counted["resque_store_up{}"], 1.0);
}

#[tokio::test]
async fn the_store_is_shown_and_a_queue_that_has_gone_is_empty() {
    let world = World::new();
    let recorder = DebuggingRecorder::new();
    let counted = recorder.snapshotter();
    let clock = Arc::new(world.clock.clone());
    let mut gauges = StoreGauges::recorded_by(world.store.clone(), clock, Arc::new(recorder));
    world.push("Ok", 0..5).await;
    world.clock.advance(Duration::from_secs(90));
    gauges.look().await.unwrap();
    let shown = read(&counted);
    assert_eq!(shown["resque_queue_jobs{queue=q}"], 5.0);
    assert_eq!(shown["resque_queue_oldest_seconds{queue=q}"], 90.0);
    assert_eq!(shown["resque_failed_jobs{}"], 0.0);
    let queue = QueueName::new("q").unwrap();
    world.store.queues().delete_queue(&queue).await.unwrap();
    let other = Enqueue::new(QueueName::new("other").unwrap(), "{}");
    world.store.queues().push(&[other]).await.unwrap();
    gauges.look().await.unwrap();
    let shown = read(&counted);
    assert_eq!(shown["resque_queue_jobs{queue=q}"], 0.0);
    assert_eq!(shown["resque_queue_jobs{queue=other}"], 1.0);
}
