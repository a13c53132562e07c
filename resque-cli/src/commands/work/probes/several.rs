//! The processes that this one watches.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use resque::SharedClock;

use super::condition::{Condition, Source};
use super::line::{HEALTH, Line, METRICS};
use super::{Probes, answer_all, exposition};
use crate::failure::Failure;

/// The processes that this one watches.
#[derive(Debug)]
pub(in crate::commands::work) struct Several {
    seats: Vec<Arc<Seat>>,
    clock: SharedClock,
    listener: Mutex<Option<TcpListener>>,
}

/// The place of one process.
#[derive(Debug, Default)]
pub(in crate::commands::work) struct Seat {
    line: Mutex<Option<Arc<Line>>>,
    starts: AtomicU64,
}

impl Seat {
    /// A process was started, and can be asked here.
    pub(in crate::commands::work) fn take(&self, line: Arc<Line>) {
        self.starts.fetch_add(1, Ordering::Relaxed);
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// The process has ended.
    pub(in crate::commands::work) fn leave(&self) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn line(&self) -> Option<Arc<Line>> {
        self.line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Several {
    /// So many places.
    pub(in crate::commands::work) fn new(
        processes: usize,
        probes: &Probes,
        clock: SharedClock,
    ) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self {
            seats: (0..processes).map(|_| Arc::default()).collect(),
            clock,
            listener: Mutex::new(probes.bind()?),
        }))
    }

    /// The places, one for each process.
    pub(in crate::commands::work) fn seats(&self) -> &[Arc<Seat>] {
        &self.seats
    }

    /// Answers for all processes, within the runtime that watches them: whoever gets an answer knows
    /// that they are watched.
    pub(in crate::commands::work) async fn answer(self: Arc<Self>) {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let clock = self.clock.clone();
        answer_all(listener, self, clock).await;
    }

    /// All have ended, and this program ends soon.
    pub(in crate::commands::work) fn ended(&self) {
        super::notify::stopping();
    }

    async fn of(&self, seat: &Seat) -> Condition {
        let missing = || Condition {
            text: "is not running".to_owned(),
            ..Condition::starting()
        };
        let Some(line) = seat.line() else {
            return missing();
        };
        let told = line.ask(HEALTH, &*self.clock).await;
        let told = told.and_then(|told| serde_json::from_str(&told).ok());
        told.unwrap_or_else(|| match line.has_answered() {
            _ if line.has_ended() => missing(),
            false => Condition::starting(),
            true => Condition {
                live: false,
                started: true,
                text: "does not answer".to_owned(),
                ..Condition::starting()
            },
        })
    }
}

impl Source for Several {
    async fn condition(&self) -> Condition {
        let all = join_all(self.seats.iter().map(|seat| self.of(seat))).await;
        let each = all.iter().zip(1..);
        let text: Vec<_> = each
            .map(|(one, number)| format!("process {number}: {}", one.text))
            .collect();
        Condition {
            live: all.iter().all(|one| one.live),
            ready: all.iter().all(|one| one.ready),
            started: all.iter().all(|one| one.started),
            // One that leaves is followed by another one.
            stopping: all.iter().all(|one| one.stopping),
            text: text.join("; "),
        }
    }

    async fn metrics(&self) -> Option<String> {
        let lines: Vec<_> = self.seats.iter().filter_map(|seat| seat.line()).collect();
        let ask = lines.iter().map(|line| line.ask(METRICS, &*self.clock));
        let mut texts: Vec<String> = join_all(ask).await.into_iter().flatten().collect();
        let starts = self
            .seats
            .iter()
            .map(|seat| seat.starts.load(Ordering::Relaxed));
        texts.push(exposition::of_fleet(lines.len(), starts.sum()));
        Some(exposition::merged(&texts))
    }

    fn tidy(&self) {}
}
