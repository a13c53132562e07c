//! The store at a glance.

use std::cmp::Reverse;

use serde::Serialize;
use utoipa::ToSchema;

use super::working::busy;
use super::{Moment, QueueRow, Work};
use crate::fault::Fault;
use crate::state::App;

/// How many queues are shown, the fullest.
const QUEUES: usize = 25;
/// How many workers are shown, those longest at it.
const WORKING: usize = 25;

/// The store at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many jobs wait in all queues.
    pub(crate) pending: u64,
    /// How many attempts have ended, ever.
    pub(crate) processed: u64,
    /// How many of them failed, ever.
    pub(crate) failed: u64,
    /// How many attempts have ended each second lately, if that is known yet.
    pub(crate) rate: Option<f64>,
    /// How many records of failed jobs there are.
    pub(crate) failures: u64,
    /// How many jobs wait for their time, where that can be.
    pub(crate) delayed: Option<u64>,
    /// How many workers there are.
    pub(crate) workers: u64,
    /// How many of them work.
    pub(crate) working: u64,
    /// Whether reserving is paused for all workers, where that can be.
    pub(crate) paused: Option<bool>,
    /// How many queues there are.
    pub(crate) queue_count: u64,
    /// The fullest of them.
    pub(crate) queues: Vec<QueueRow>,
    /// What is being worked, the longest first.
    pub(crate) work: Vec<Work>,
}

impl Overview {
    pub(crate) async fn ask(app: &App) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        let pace = app.pace(&glance).await;
        let mut queues: Vec<_> = glance.queues.queues.iter().collect();
        // In the order of their names where they are equally full.
        queues.sort_by_key(|queue| Reverse(queue.length));
        queues.truncate(QUEUES);
        let busy = busy(&glance).into_iter().take(WORKING);
        let work = busy.filter_map(|worker| Work::of(worker, app.redaction()));
        Ok(Self {
            now: glance.at,
            pending: glance.pending(),
            processed: glance.processed,
            failed: glance.failed,
            rate: pace.as_ref().and_then(|pace| pace.processed(&glance)),
            failures: glance.failures,
            delayed: glance.delayed,
            workers: glance.workers.workers.len() as u64,
            working: glance.working(),
            paused: glance.paused,
            queue_count: glance.queues.queues.len() as u64,
            queues: queues
                .into_iter()
                .map(|queue| QueueRow::new(queue, pace.as_ref()))
                .collect(),
            work: work.collect(),
        })
    }
}
