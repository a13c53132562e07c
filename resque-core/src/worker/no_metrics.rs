//! What is counted of a worker without the feature `metrics`: nothing.

use std::time::Duration;

use super::{Event, Health};
use crate::{Exchange, JobContext, Performed};

/// Counts nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meters;

/// Counts nothing of a job.
#[derive(Debug)]
pub(crate) struct JobMeters;

impl Meters {
    pub(crate) fn are_on(&self) -> bool {
        false
    }

    pub(crate) fn started(&self, _: &JobContext) -> Option<JobMeters> {
        None
    }

    pub(crate) fn cut_off(&self, _: &JobContext, _: bool, _: Duration) {}

    pub(crate) fn busy(&self, _: usize, _: usize) {}

    pub(crate) fn deferred(&self) {}

    pub(crate) fn exchange(&self, _: Duration, _: usize, _: Option<&Exchange>) {}

    pub(crate) fn heartbeat(&self, _: Duration, _: bool) {}

    pub(crate) fn health(&self, _: &Health) {}

    pub(crate) fn child_started(&self) {}

    pub(crate) fn child_ended(&self, _: bool) {}

    pub(crate) fn count(&self, _: &Event) {}
}

impl JobMeters {
    pub(crate) fn ended(&self, _: &Performed, _: Duration) {}
}
