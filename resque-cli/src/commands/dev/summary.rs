//! What is told at the end.

use std::time::Duration;

use resque::worker::StopReport;

use super::update::Numbers;

/// What is told at the end.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    /// When it was over.
    pub(super) at: Duration,
    /// Why the worker stopped and what it did.
    pub(super) report: StopReport,
    /// What is left in the store, if it can be asked.
    pub(super) left: Option<Numbers>,
}
