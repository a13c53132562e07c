//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{
    Client, HttpCounts, HttpTally, HttpWorkers, JobLoans, Lease, Limits, QueueBackend,
    QueueControl, QueueName, Result,
};
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use super::served::Served;
use super::to_the_end::to_the_end;
use super::upkeep::Upkeep;

/// What can be said about the interface.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// How long a lease lasts if nobody says it.
    pub(super) lease: Duration,
    /// How often leases of a job may run out before it is recorded as failed.
    pub(super) most_losses: u32,
    /// How many bytes a body may have.
    pub(super) most_body: usize,
}

/// What all handlers share. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Http {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    settings: Settings,
    served: Served,
    upkeep: Upkeep,
    /// Ends all waiting, so that a server can stop.
    stopping: CancellationToken,
}

impl Http {
    pub(super) fn new(client: Client, settings: Settings, stopping: CancellationToken) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                settings,
                served: Served::default(),
                upkeep: Upkeep::new(),
                stopping,
            }),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(super) fn served(&self) -> &Served {
        &self.inner.served
    }

    pub(super) fn upkeep(&self) -> &Upkeep {
        &self.inner.upkeep
    }

    /// Moves jobs that are due, if there may be any; answers whether some came into their queues.
    pub(super) async fn promote(&self) -> Result<bool> {
        let http = self.clone();
        // Whoever begins to move jobs also lets other processes move them afterwards.
        to_the_end(async move { http.upkeep().promote(http.client()).await }).await
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// The queues of the store.
    pub(super) fn queues(&self) -> Result<&dyn QueueBackend, Problem> {
        match self.client().backend() {
            Some(store) => Ok(&**store.queues()),
            None => Err(Problem::not_offered("a store")),
        }
    }

    pub(super) fn control(&self) -> Result<&dyn QueueControl, Problem> {
        let control = self.queues()?.control();
        control.ok_or_else(|| Problem::not_offered("stopping queues"))
    }

    pub(super) fn loans(&self) -> Result<&dyn JobLoans, Problem> {
        let loans = self.queues()?.loans();
        loans.ok_or_else(|| Problem::not_offered("leases of jobs"))
    }

    pub(super) fn workers(&self) -> Result<&dyn HttpWorkers, Problem> {
        let workers = self.queues()?.http_workers();
        workers.ok_or_else(|| Problem::not_offered("an account of workers over HTTP"))
    }

    pub(super) fn limits(&self, what: &'static str) -> Result<&dyn Limits, Problem> {
        let limits = self.queues()?.limits();
        limits.ok_or_else(|| Problem::not_offered(what))
    }

    /// Whether a queue is stopped; one that cannot be stopped is not.
    pub(super) async fn is_stopped(&self, queue: &QueueName) -> Result<bool, Problem> {
        match self.queues()?.control() {
            Some(control) => Ok(control.stopped(queue).await?),
            None => Ok(false),
        }
    }

    /// Gives up the keys of unique jobs.
    pub(super) async fn free(&self, locks: &[Lease]) -> Result<()> {
        let limits = self
            .client()
            .backend()
            .and_then(|store| store.queues().limits());
        match limits {
            Some(limits) if !locks.is_empty() => limits.free(locks).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Counts, where the store keeps account.
    pub(super) async fn count(&self, tally: HttpTally) -> Result<()> {
        let workers = self
            .client()
            .backend()
            .and_then(|store| store.queues().http_workers());
        match workers {
            Some(workers) => {
                let now = self.client().store_time().await?;
                workers.count(&[tally], now).await
            }
            None => Ok(()),
        }
    }

    /// What was counted for a queue.
    pub(super) async fn counts(&self, queue: &QueueName) -> Result<HttpCounts, Problem> {
        match self.queues()?.http_workers() {
            Some(workers) => Ok(workers.counts(queue).await?),
            None => Ok(HttpCounts::default()),
        }
    }
}
