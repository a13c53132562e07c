//! A server, workers that are real processes, and the ledger that all of them write.

mod books;
mod process;
mod server;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crash_proof::Work;
use resque::FailureRecord;
use resque::blocking::Client;
use resque_testserver::poll_until;
use tempfile::TempDir;

pub(crate) use self::books::Books;
pub(crate) use self::process::Process;
pub(crate) use self::server::{Server, Store};

/// Nothing takes as long as this; what does hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Each test keeps the machine busy; side by side they would slow each other down until the living
/// are taken for dead.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Everything one test has to itself.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) server: Server,
    /// After what silence a worker is dead.
    pub(crate) prune_after: Duration,
    /// How often a job is tried.
    pub(crate) attempts: u32,
    url: String,
    directory: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl World {
    /// A store on a server that keeps its data when it is killed.
    pub(crate) fn new(store: Store) -> Self {
        let turn = ONE_AT_A_TIME.lock();
        let (server, url) = Server::start(store);
        let client = resque::connect_blocking(&url).unwrap();
        let directory = tempfile::tempdir().unwrap();
        Self {
            client,
            server,
            prune_after: Duration::from_secs(2),
            attempts: 1,
            url,
            directory,
            _turn: turn.unwrap_or_else(PoisonError::into_inner),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the workers write their ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.directory.path().join("ledger")
    }

    /// What the ledger says; ask again for what was written since.
    pub(crate) fn books(&self) -> Books {
        Books::of(self.ledger())
    }

    /// Puts jobs into the queue `work`; `milliseconds` tells how long each takes.
    pub(crate) fn enqueue(&self, numbers: std::ops::Range<u64>, milliseconds: impl Fn(u64) -> u64) {
        let jobs: Vec<Work> = numbers
            .map(|number| Work {
                number,
                milliseconds: milliseconds(number),
            })
            .collect();
        let enqueued = self.client.enqueue_all(&jobs).unwrap();
        assert_eq!(enqueued.len(), jobs.len());
    }

    /// How many jobs the store counts as performed.
    pub(crate) fn processed(&self) -> u64 {
        self.client.info().unwrap().processed
    }

    /// Waits for something in the store or the ledger.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let met = poll_until(PATIENCE, || is_so(self).then_some(()));
        assert!(met.is_some(), "in vain: {what}; {:?}", self.client.info());
    }

    /// All failure records, the oldest one first.
    pub(crate) fn failures(&self) -> Vec<FailureRecord> {
        let read =
            |client: resque::Client| async move { client.failures()?.all(0, usize::MAX).await };
        let entries = self.client.run(read).unwrap();
        let record = |entry: resque::FailureEntry| entry.content.record().unwrap().clone();
        entries.into_iter().map(record).collect()
    }

    /// The ids on the registry.
    pub(crate) fn workers(&self) -> Vec<String> {
        let read = |client: resque::Client| async move { client.workers().await };
        let workers = self.client.run(read).unwrap();
        workers.iter().map(|worker| worker.id.to_string()).collect()
    }

    /// All keys of the namespace, but for the lock of whoever promotes delayed jobs, which outlives
    /// a killed worker for some seconds, and for the history, which begins after a minute.
    pub(crate) fn keys(&self) -> Vec<String> {
        let read = |client: resque::Client| async move { client.keys().await };
        let mut keys = self.client.run(read).unwrap();
        let passing = ["resque_scheduler_master_lock", "rs:history"];
        keys.retain(|key| !passing.iter().any(|end| key.ends_with(end)));
        keys.sort();
        keys
    }
}
