//! How a worker is, in the few words that probes need.

use resque::worker::{Health, Phase};
use serde::{Deserialize, Serialize};

/// How a worker is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Condition {
    /// Whether it lives; if not, it is best started anew.
    pub(super) live: bool,
    /// Whether it takes jobs.
    pub(super) ready: bool,
    /// Whether it has been on the registry.
    pub(super) started: bool,
    /// Whether it is on its way out.
    pub(super) stopping: bool,
    /// What it does, or what keeps it from that.
    pub(super) text: String,
}

impl Condition {
    /// One that nobody can tell anything about yet.
    pub(super) fn starting() -> Self {
        Self {
            live: true,
            ready: false,
            started: false,
            stopping: false,
            text: "starting".to_owned(),
        }
    }
}

impl From<&Health> for Condition {
    fn from(health: &Health) -> Self {
        Self {
            live: health.is_live(),
            ready: health.is_ready(),
            started: !matches!(health.phase, Phase::Starting | Phase::StartingPaused),
            stopping: health.phase.is_leaving(),
            text: health.to_string(),
        }
    }
}

/// Whoever can be asked.
pub(super) trait Source: Send + Sync + 'static {
    /// How it is.
    fn condition(&self) -> impl Future<Output = Condition> + Send;

    /// Its numbers, as Prometheus reads them; `None` if nobody counts.
    fn metrics(&self) -> impl Future<Output = Option<String>> + Send;

    /// Does what is to be done from time to time, so that numbers that nobody reads need no memory.
    fn tidy(&self);
}
