//! One worker in a list.

use std::time::Duration;

use resque_core::WorkerStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::Moment;

/// The silence after which one of ours is taken for dead.
const OURS: Duration = Duration::from_secs(60);
/// The silence after which a foreign one is: Ruby's beat once a minute.
const FOREIGN: Duration = Duration::from_secs(300);

/// One worker in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WorkerRow {
    /// Its id.
    pub(crate) id: String,
    /// Its host.
    pub(crate) host: String,
    /// Its process, in ours with the number of the slot.
    pub(crate) pid: String,
    /// The queues it serves, joined by commas.
    pub(crate) queues: String,
    /// Since when it is registered, if that is known.
    pub(crate) started: Option<Moment>,
    /// When it last said that it lives, if it ever did.
    pub(crate) heartbeat: Option<Moment>,
    /// Whether it has been silent for so long that it is taken for dead.
    pub(crate) late: bool,
    /// How many attempts have ended.
    pub(crate) processed: u64,
    /// How many of them failed.
    pub(crate) failed: u64,
    /// The queue of the job that it works on, if any.
    pub(crate) working_on: Option<String>,
    /// Whether it is one of this library's.
    pub(crate) ours: bool,
}

impl WorkerRow {
    pub(crate) fn new(worker: &WorkerStatus, now: Moment) -> Self {
        let heartbeat = worker.heartbeat.map(Moment::new);
        let ours = worker.id.is_ours();
        let silence = if ours { OURS } else { FOREIGN };
        Self {
            id: worker.id.as_str().to_owned(),
            host: worker.id.host().to_owned(),
            pid: worker.id.pid().to_owned(),
            queues: worker.id.queues().to_owned(),
            started: worker.started.map(Moment::new),
            heartbeat,
            late: heartbeat.is_some_and(|heartbeat| heartbeat.age(now) > silence),
            processed: worker.processed,
            failed: worker.failed,
            working_on: worker.holds.as_ref().map(|held| held.queue.clone()),
            ours,
        }
    }
}
