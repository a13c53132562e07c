//! `resque stats`: the store in numbers.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::queues::is_paused;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, Table};

/// Show the store in numbers, or some of its counters
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Counters to show instead, such as processed or one of the application's own
    #[arg(value_name = "COUNTER")]
    counters: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Numbers {
    /// Waiting in all queues.
    pending: u64,
    delayed: u64,
    /// Records on the failed list.
    failed: u64,
    /// Performed since the counter was cleared, failed ones too.
    processed: u64,
    /// Failed since the counter was cleared.
    processed_failed: i64,
    queues: u64,
    workers: u64,
    working: u64,
    paused: bool,
    backend: &'static str,
    namespace: String,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Counters(BTreeMap<String, i64>);

impl Stats {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let stats = store.client.stats()?;
        if self.counters.is_empty() {
            let info = store.client.info().await?;
            return store.out.answer(&Numbers {
                pending: info.pending,
                delayed: info.delayed,
                failed: info.failed,
                processed: info.processed,
                processed_failed: stats.get("failed").await?,
                queues: info.queues,
                workers: info.workers,
                working: info.working,
                paused: is_paused(store).await?,
                backend: info.backend.name,
                namespace: store.place.namespace().to_owned(),
            });
        }
        let mut counters = BTreeMap::new();
        for name in self.counters {
            let value = stats.get(&name).await?;
            counters.insert(name, value);
        }
        store.out.answer(&Counters(counters))
    }
}

impl Answer for Numbers {
    fn text(&self) -> String {
        let mut table = Table::new(&["", ">"]);
        for (name, number) in [
            ("waiting", self.pending.to_string()),
            ("delayed", self.delayed.to_string()),
            ("on the failed list", self.failed.to_string()),
            ("processed", self.processed.to_string()),
            ("of these failed", self.processed_failed.to_string()),
            ("queues", self.queues.to_string()),
            ("workers", self.workers.to_string()),
            ("working", self.working.to_string()),
        ] {
            table.row([name, &number]);
        }
        let paused = if self.paused {
            ", all workers paused"
        } else {
            ""
        };
        let (backend, namespace) = (self.backend, &self.namespace);
        let rows = table.text();
        let rows = rows.trim_start_matches('\n');
        format!("{backend}, namespace {namespace}{paused}\n{rows}")
    }
}

impl Answer for Counters {
    fn text(&self) -> String {
        let mut table = Table::new(&["counter", ">value"]);
        for (name, value) in &self.0 {
            table.row([name, &value.to_string()]);
        }
        table.text()
    }
}
