//! Everything that can be seen in a store, for the promise that something changes nothing.

use std::collections::BTreeMap;
use std::time::SystemTime;

use resque_core::{DelayedJob, FailureEntry, HttpWorker, Loan, Payload, WorkerStatus};

use crate::Verdict;
use crate::store::Store;

/// Everything that can be seen in a store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    queues: BTreeMap<String, (Vec<Payload>, bool)>,
    workers: Vec<WorkerStatus>,
    failures: Vec<FailureEntry>,
    delayed: Vec<DelayedJob>,
    loans: Vec<Loan>,
    http_workers: Vec<HttpWorker>,
    counters: [i64; 2],
    heartbeats: Vec<(String, SystemTime)>,
}

impl Snapshot {
    /// Looks everywhere.
    pub(crate) async fn of(store: &Store) -> Verdict<Self> {
        let mut queues = BTreeMap::new();
        for status in store.queues().queues().await?.queues {
            let waiting = store.bytes_in(status.name.as_str()).await?;
            queues.insert(status.name.to_string(), (waiting, status.stopped));
        }
        let delayed = match store.delayed() {
            Ok(_) => store.all_delayed().await?,
            Err(_) => Vec::new(),
        };
        let loans = match store.loans() {
            Ok(_) => store.all_lent(0).await?,
            Err(_) => Vec::new(),
        };
        let http_workers = match store.http_workers() {
            Ok(account) => account.workers(None).await?,
            Err(_) => Vec::new(),
        };
        // Everybody is dead in the far future, also those who are on no registry.
        let everybody = store.workers().dead(store.at(1_000_000)).await?;
        let beat = everybody
            .into_iter()
            .map(|dead| (dead.id.to_string(), dead.last_heartbeat));
        Ok(Self {
            queues,
            workers: store.workers().workers().await?.workers,
            failures: store.failed().await?,
            delayed,
            loans,
            http_workers,
            counters: [
                store.workers().stat("processed").await?,
                store.workers().stat("failed").await?,
            ],
            heartbeats: beat.collect(),
        })
    }

    /// Nothing may have changed since.
    #[track_caller]
    pub(crate) fn still_holds(&self, store: &Store) -> impl Future<Output = Verdict> + Send {
        let at = std::panic::Location::caller();
        async move {
            let now = Self::of(store).await?;
            ensure!(
                now == *self,
                "changed (line {}): {now:#?}\nbefore: {self:#?}",
                at.line()
            );
            Ok(())
        }
    }

    /// Whether there is nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues.is_empty()
            && self.workers.is_empty()
            && self.failures.is_empty()
            && self.delayed.is_empty()
            && self.loans.is_empty()
            && self.http_workers.is_empty()
            && self.counters == [0, 0]
            && self.heartbeats.is_empty()
    }
}
