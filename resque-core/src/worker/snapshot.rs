//! A look at a running worker.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use super::slots::{Doing, Slots};
use super::{Phase, report::Counters};
use crate::{Payload, QueueName, WorkerId};

/// What a worker does at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// What it does as a whole.
    pub phase: Phase,
    /// The store's time.
    pub now: SystemTime,
    /// Whether the store cannot be reached.
    pub outage: bool,
    /// How many jobs it has performed, failed ones too, as the store has noted.
    pub processed: u64,
    /// How many of them failed.
    pub failed: u64,
    /// What each slot does.
    pub slots: Vec<SlotStatus>,
}

/// What one slot does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SlotStatus {
    /// The id under which it is on the registry.
    pub worker: WorkerId,
    /// The pool it belongs to.
    pub pool: usize,
    /// Its job.
    pub job: Option<SlotJob>,
}

/// The job of a slot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SlotJob {
    /// The queue it came from.
    pub queue: QueueName,
    /// Its class; empty when the payload is no job.
    pub class: String,
    /// Its bytes.
    pub payload: Payload,
    /// When it was reserved, in store time.
    pub since: SystemTime,
    /// Whether it has ended and waits for the store to note that.
    pub ended: bool,
    /// Whether its time is up and it does not yield.
    pub stuck: bool,
}

impl Snapshot {
    /// How many slots have a job.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.slots.iter().filter(|slot| slot.job.is_some()).count()
    }

    pub(crate) fn take(
        phase: Phase,
        now: SystemTime,
        outage: bool,
        counters: &Counters,
        slots: &Slots,
    ) -> Self {
        let table = slots.lock();
        let slots = table.slots().map(|(id, slot)| {
            let (running, ended) = match &slot.doing {
                Doing::Nothing => (None, false),
                Doing::Running(running) => (Some(running), false),
                Doing::Settling(running) => (Some(running), true),
            };
            SlotStatus {
                worker: running
                    .map_or(id, |running| &running.reservation.worker)
                    .clone(),
                pool: slot.pool,
                job: running.map(|running| SlotJob {
                    queue: running.reservation.queue.clone(),
                    class: running.info().class,
                    payload: running.reservation.payload.clone(),
                    since: running.reservation.since,
                    ended,
                    stuck: running.is_stuck(),
                }),
            }
        });
        Self {
            phase,
            now,
            outage,
            processed: counters.processed.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            slots: slots.collect(),
        }
    }
}
