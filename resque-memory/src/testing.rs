//! A small world for the unit tests of this crate.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use resque_core::{
    Clock, Enqueue, Exchange, ManualClock, Page, QueueBackend, QueueList, QueueName, Reservation,
    Settlement, WorkerId, WorkerRegistry,
};

use crate::MemoryBackend;

/// A store under a clock that stands still.
pub(crate) struct World {
    pub(crate) memory: MemoryBackend,
    pub(crate) clock: ManualClock,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let memory = MemoryBackend::with_clock(Arc::new(clock.clone()));
        Self { memory, clock }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// The time some seconds from now.
    pub(crate) fn later(&self, seconds: u64) -> SystemTime {
        self.now() + Duration::from_secs(seconds)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn push(&self, name: &str, payloads: &[&str]) {
        let enqueue = |payload: &&str| Enqueue::new(queue(name), payload.to_string());
        let batch: Vec<_> = payloads.iter().map(enqueue).collect();
        self.memory.push(&batch).await.unwrap();
    }

    pub(crate) async fn delay(&self, name: &str, payload: &str, due: SystemTime) {
        let enqueue = Enqueue::at(queue(name), payload.to_owned(), due);
        self.memory.push(&[enqueue]).await.unwrap();
    }

    pub(crate) async fn stop(&self, name: &str, stopped: bool) {
        let control = self.memory.control().unwrap();
        let queue = queue(name);
        control.set_stopped(&queue, stopped).await.unwrap();
    }

    pub(crate) async fn pause(&self, paused: bool) {
        let control = self.memory.control().unwrap();
        control.set_paused(paused).await.unwrap();
    }

    /// What waits in a queue, the next one first.
    pub(crate) async fn waiting(&self, name: &str) -> Vec<String> {
        let payloads = self.memory.peek(&queue(name), Page::ALL).await.unwrap();
        let text = |payload: &resque_core::Payload| payload.to_text_lossy().into_owned();
        payloads.iter().map(text).collect()
    }

    pub(crate) async fn register(&self, slots: &[usize]) {
        let ids: Vec<_> = slots.iter().copied().map(slot).collect();
        self.memory.register(&ids, self.now()).await.unwrap();
    }

    pub(crate) async fn exchange(
        &self,
        done: &[Settlement],
        slots: &[usize],
        from: &str,
    ) -> Exchange {
        let want: Vec<_> = slots.iter().copied().map(slot).collect();
        let from = list(from);
        let answer = self.memory.exchange(done, &want, &from, self.now());
        answer.await.unwrap()
    }

    pub(crate) async fn reserve(&self, slots: &[usize], from: &str) -> Vec<Reservation> {
        self.exchange(&[], slots, from).await.reserved
    }

    /// Reserves the next job for a slot.
    pub(crate) async fn take(&self, slot: usize, from: &str) -> Reservation {
        self.reserve(&[slot], from).await.remove(0)
    }

    pub(crate) async fn settle(&self, done: Settlement) -> Exchange {
        self.exchange(&[done], &[], "*").await
    }

    pub(crate) async fn stat(&self, name: &str) -> i64 {
        self.memory.stat(name).await.unwrap()
    }
}

pub(crate) fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

pub(crate) fn list(text: &str) -> QueueList {
    text.parse().unwrap()
}

pub(crate) fn slot(number: usize) -> WorkerId {
    WorkerId::compose("web1", "k3x9q", 4711, number, "*").unwrap()
}

/// The payloads of reservations as text.
pub(crate) fn texts(reserved: &[Reservation]) -> Vec<String> {
    let text = |r: &Reservation| r.payload.to_text_lossy().into_owned();
    reserved.iter().map(text).collect()
}
