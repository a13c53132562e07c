//! Samples of what the store looked like, minute by minute.

use std::collections::BTreeMap;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{Backlog, HISTORY_KEPT, Result, StatsHistory, minute_of};

use crate::store::Store;

/// The samples by the beginnings of their minutes.
#[derive(Default)]
pub(crate) struct History {
    samples: BTreeMap<SystemTime, Bytes>,
}

impl History {
    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    fn record(&mut self, minute: SystemTime, sample: &Bytes) -> bool {
        if self.samples.contains_key(&minute) {
            return false;
        }
        self.samples.insert(minute, sample.clone());
        if let Some(oldest) = minute.checked_sub(HISTORY_KEPT) {
            self.samples = self.samples.split_off(&oldest);
        }
        true
    }
}

#[async_trait]
impl StatsHistory for Store {
    async fn backlog(&self) -> Result<Backlog> {
        Ok(self.step(|state| {
            let queues = || state.queues.iter().map(|(_, queue)| &queue.jobs);
            let jobs = queues().map(|jobs| jobs.len() as u64).sum();
            let first = queues().filter_map(|jobs| jobs.front());
            Backlog::new(Some(jobs)).oldest(first.map(|job| job.since).min())
        }))
    }

    async fn record(&self, at: SystemTime, sample: &Bytes) -> Result<bool> {
        Ok(self.step(|state| state.history.record(minute_of(at), sample)))
    }

    async fn range(
        &self,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Result<Vec<(SystemTime, Bytes)>> {
        if since >= until {
            return Ok(Vec::new());
        }
        Ok(self.step(|state| {
            let samples = state.history.samples.range(since..until);
            let owned = |(minute, sample): (&SystemTime, &Bytes)| (*minute, sample.clone());
            samples.take(at_most).map(owned).collect()
        }))
    }
}
