//! All workers, by host.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Moment, WorkerRow, paging};
use crate::fault::Fault;
use crate::state::App;

/// Which workers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkersQuery {
    /// Only those of this host.
    pub(crate) host: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, at most 500.
    pub(crate) limit: Option<usize>,
}

/// All workers, by host.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Workers {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many workers there are.
    pub(crate) total: u64,
    /// How many of them work.
    pub(crate) working: u64,
    /// The hosts.
    pub(crate) hosts: Vec<HostRow>,
    /// The host that was asked for.
    pub(crate) host: Option<String>,
    /// The workers, in the order of their ids.
    pub(crate) workers: Vec<WorkerRow>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
    /// How many entries are no worker ids, and are left alone.
    pub(crate) unreadable: u64,
}

/// The workers of one host, counted.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct HostRow {
    /// The host.
    pub(crate) host: String,
    /// How many workers it has.
    pub(crate) workers: u64,
    /// How many of them work.
    pub(crate) working: u64,
    /// How many are taken for dead.
    pub(crate) late: u64,
    /// How many attempts have ended.
    pub(crate) processed: u64,
    /// How many of them failed.
    pub(crate) failed: u64,
}

impl Workers {
    pub(crate) async fn ask(app: &App, query: &WorkersQuery) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        let now = glance.at;
        let mut hosts: BTreeMap<&str, HostRow> = BTreeMap::new();
        let limit = paging::limit(query.limit);
        let mut page = Vec::new();
        for worker in &glance.workers.workers {
            let row = hosts.entry(worker.id.host()).or_insert_with(|| HostRow {
                host: worker.id.host().to_owned(),
                ..HostRow::default()
            });
            row.count(&WorkerRow::new(worker, now));
            let is_wanted = query
                .host
                .as_deref()
                .is_none_or(|host| host == worker.id.host());
            let is_after = query
                .after
                .as_deref()
                .is_none_or(|after| after < worker.id.as_str());
            if is_wanted && is_after && page.len() <= limit {
                page.push(WorkerRow::new(worker, now));
            }
        }
        let has_more = page.len() > limit;
        page.truncate(limit);
        Ok(Self {
            now,
            total: glance.workers.workers.len() as u64,
            working: glance.working(),
            hosts: hosts.into_values().collect(),
            host: query.host.clone(),
            next: page.last().filter(|_| has_more).map(|last| last.id.clone()),
            workers: page,
            unreadable: glance.workers.unreadable.len() as u64,
        })
    }
}

impl HostRow {
    fn count(&mut self, worker: &WorkerRow) {
        self.workers += 1;
        self.working += u64::from(worker.working_on.is_some());
        self.late += u64::from(worker.late);
        self.processed += worker.processed;
        self.failed += worker.failed;
    }
}
