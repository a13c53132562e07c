//! What became of every job: the program checks its own work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// How often each job was seen, by its number.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    seen: Arc<[AtomicU32]>,
    strangers: Arc<AtomicUsize>,
}

impl Ledger {
    pub(crate) fn new(jobs: usize) -> Self {
        Self {
            seen: (0..jobs).map(|_| AtomicU32::new(0)).collect(),
            strangers: Arc::default(),
        }
    }

    /// Notes one job.
    pub(crate) fn note(&self, number: usize) {
        match self.seen.get(number) {
            Some(count) => {
                count.fetch_add(1, Ordering::Relaxed);
            }
            None => {
                self.strangers.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many jobs were never seen.
    pub(crate) fn lost(&self) -> usize {
        self.seen
            .iter()
            .filter(|count| count.load(Ordering::Relaxed) == 0)
            .count()
    }

    /// How many jobs were seen too often, or were never put in.
    pub(crate) fn duplicated(&self) -> usize {
        let again = |count: &AtomicU32| count.load(Ordering::Relaxed).saturating_sub(1) as usize;
        self.seen.iter().map(again).sum::<usize>() + self.strangers.load(Ordering::Relaxed)
    }
}
