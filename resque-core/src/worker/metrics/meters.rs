//! What is counted of a worker.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

use super::Recording;
use super::jobs::{JobMeters, Jobs, Outcome};
use super::table::{
    CHILDREN, CHILDREN_DIED, CHILDREN_STARTED, EXCHANGE_JOBS, EXCHANGE_SECONDS, EXCHANGES,
    HEARTBEAT_SECONDS, HEARTBEATS, HOOK_FAILURES, JOBS_CANCELLED, JOBS_DEFERRED, JOBS_LOST,
    JOBS_PROMOTED, JOBS_RECOVERED, JOBS_STUCK, LIVE, OUTAGE_SECONDS, OUTAGES, READY, REGISTRATIONS,
    SCHEDULES_FIRED, SLOTS, SLOTS_BUSY, STORE_UP, TROUBLES, WORKERS_PRUNED,
};
use crate::worker::operation::Operation;
use crate::worker::settings::PoolSettings;
use crate::worker::{Event, Health};
use crate::{Exchange, JobContext};

/// What is counted of a worker; of most nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meters(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    recording: Recording,
    jobs: Jobs,
    busy: Vec<Gauge>,
    deferred: Counter,
    lost: Counter,
    exchanges: [Counter; 2],
    exchange_seconds: Histogram,
    settled: Histogram,
    reserved: Histogram,
    heartbeats: [Counter; 2],
    heartbeat_seconds: Histogram,
    store_up: Gauge,
    live: Gauge,
    ready: Gauge,
    children: Gauge,
    children_started: Counter,
    children_died: Counter,
}

/// The words for success and failure.
const RESULTS: [&str; 2] = ["ok", "failed"];

impl Meters {
    pub(crate) fn new(recording: Option<Recording>, pools: &[PoolSettings]) -> Self {
        Self(recording.map(|recording| Arc::new(Inner::new(recording, pools))))
    }

    /// Whether anything is counted.
    pub(crate) fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// A job begins; what it begins with is told when it ends.
    pub(crate) fn started(&self, ctx: &JobContext) -> Option<Arc<JobMeters>> {
        let meters = self.0.as_ref()?.jobs.of(ctx);
        meters.started(ctx);
        Some(meters)
    }

    /// A job was ended, and is recorded as failed or goes back to its queue.
    pub(crate) fn cut_off(&self, ctx: &JobContext, failed: bool, elapsed: Duration) {
        if let Some(inner) = &self.0 {
            let outcome = if failed {
                Outcome::Failed
            } else {
                Outcome::Released
            };
            inner.jobs.of(ctx).ended_as(outcome, elapsed);
        }
    }

    pub(crate) fn busy(&self, pool: usize, slots: usize) {
        if let Some(inner) = &self.0 {
            inner.busy[pool].set(slots as f64);
        }
    }

    pub(crate) fn deferred(&self) {
        if let Some(inner) = &self.0 {
            inner.deferred.increment(1);
        }
    }

    pub(crate) fn exchange(&self, took: Duration, settled: usize, end: Option<&Exchange>) {
        let Some(inner) = &self.0 else { return };
        inner.exchanges[usize::from(end.is_none())].increment(1);
        inner.exchange_seconds.record(took.as_secs_f64());
        if let Some(exchange) = end {
            inner.settled.record(settled as f64);
            inner.reserved.record(exchange.reserved.len() as f64);
        }
    }

    pub(crate) fn heartbeat(&self, took: Duration, worked: bool) {
        let Some(inner) = &self.0 else { return };
        inner.heartbeats[usize::from(!worked)].increment(1);
        inner.heartbeat_seconds.record(took.as_secs_f64());
    }

    pub(crate) fn health(&self, health: &Health) {
        if let Some(inner) = &self.0 {
            inner.live.set(f64::from(u8::from(health.is_live())));
            inner.ready.set(f64::from(u8::from(health.is_ready())));
        }
    }

    pub(crate) fn child_started(&self) {
        if let Some(inner) = &self.0 {
            inner.children_started.increment(1);
            inner.children.increment(1.0);
        }
    }

    pub(crate) fn child_ended(&self, in_job: bool) {
        if let Some(inner) = &self.0 {
            inner.children.decrement(1.0);
            inner.children_died.increment(u64::from(in_job));
        }
    }

    /// Counts what happens seldom.
    pub(crate) fn count(&self, event: &Event) {
        let Some(inner) = &self.0 else { return };
        let one = |metric, values: &[&str]| inner.recording.counter(metric, values).increment(1);
        match event {
            Event::Registered { .. } => one(&REGISTRATIONS, &[]),
            Event::Stuck { .. } => one(&JOBS_STUCK, &[]),
            Event::Cancelled { .. } => one(&JOBS_CANCELLED, &[]),
            Event::Lost { .. } => inner.lost.increment(1),
            Event::Recovered { failure, .. } => {
                let retried = failure.retry_at().is_some();
                one(
                    &JOBS_RECOVERED,
                    &[if retried { "retried" } else { "failed" }],
                );
            }
            Event::Pruned { .. } => one(&WORKERS_PRUNED, &[]),
            Event::Promoted { count } => {
                let promoted = inner.recording.counter(&JOBS_PROMOTED, &[]);
                promoted.increment(*count as u64);
            }
            Event::Fired { .. } => one(&SCHEDULES_FIRED, &[]),
            Event::Outage { .. } => {
                one(&OUTAGES, &[]);
                inner.store_up.set(0.0);
            }
            Event::OutageOver { lasted } => {
                let seconds = inner.recording.histogram(&OUTAGE_SECONDS, &[]);
                seconds.record(lasted.as_secs_f64());
                inner.store_up.set(1.0);
            }
            Event::Trouble { doing, .. } => one(&TROUBLES, &[doing]),
            Event::HookFailed { hook, .. } => one(&HOOK_FAILURES, &[hook]),
            _ => {}
        }
    }
}

impl Inner {
    fn new(recording: Recording, pools: &[PoolSettings]) -> Self {
        recording.describe();
        let busy = pools.iter().map(|pool| {
            let name = pool.queues.id_part();
            recording.gauge(&SLOTS, &[&name]).set(pool.slots as f64);
            recording.gauge(&SLOTS_BUSY, &[&name])
        });
        let busy = busy.collect();
        // What is zero is shown as zero, so that a rate can be told from the first one on.
        for metric in [
            &JOBS_STUCK,
            &JOBS_CANCELLED,
            &WORKERS_PRUNED,
            &JOBS_PROMOTED,
            &SCHEDULES_FIRED,
            &OUTAGES,
            &REGISTRATIONS,
        ] {
            recording.counter(metric, &[]).increment(0);
        }
        for outcome in ["failed", "retried"] {
            recording.counter(&JOBS_RECOVERED, &[outcome]).increment(0);
        }
        for operation in Operation::ALL {
            let troubles = recording.counter(&TROUBLES, &[operation.words()]);
            troubles.increment(0);
        }
        let store_up = recording.gauge(&STORE_UP, &[]);
        store_up.set(1.0);
        Self {
            jobs: Jobs::new(recording.clone()),
            busy,
            deferred: recording.counter(&JOBS_DEFERRED, &[]),
            lost: recording.counter(&JOBS_LOST, &[]),
            exchanges: RESULTS.map(|result| recording.counter(&EXCHANGES, &[result])),
            exchange_seconds: recording.histogram(&EXCHANGE_SECONDS, &[]),
            settled: recording.histogram(&EXCHANGE_JOBS, &["settled"]),
            reserved: recording.histogram(&EXCHANGE_JOBS, &["reserved"]),
            heartbeats: RESULTS.map(|result| recording.counter(&HEARTBEATS, &[result])),
            heartbeat_seconds: recording.histogram(&HEARTBEAT_SECONDS, &[]),
            store_up,
            live: recording.gauge(&LIVE, &[]),
            ready: recording.gauge(&READY, &[]),
            children: recording.gauge(&CHILDREN, &[]),
            children_started: recording.counter(&CHILDREN_STARTED, &[]),
            children_died: recording.counter(&CHILDREN_DIED, &[]),
            recording,
        }
    }
}
