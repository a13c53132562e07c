//! How many processes there are for isolated jobs.

#[cfg(feature = "metrics")]
use crate::worker::metrics::Meters;
#[cfg(not(feature = "metrics"))]
use crate::worker::no_metrics::Meters;

/// Counts the processes of an [`Isolation`](super::Isolation), if the worker has metrics.
#[derive(Clone, Debug, Default)]
pub struct ChildCount(Meters);

/// A process that is counted until this is dropped.
#[derive(Debug)]
pub struct CountedChild {
    count: ChildCount,
    died: bool,
}

impl ChildCount {
    pub(crate) fn new(meters: Meters) -> Self {
        Self(meters)
    }

    /// A process was started.
    #[must_use]
    pub fn started(&self) -> CountedChild {
        self.0.child_started();
        CountedChild {
            count: self.clone(),
            died: false,
        }
    }
}

impl CountedChild {
    /// It died, or was killed, while it performed a job.
    pub fn died(&mut self) {
        self.died = true;
    }
}

impl Drop for CountedChild {
    fn drop(&mut self) {
        self.count.0.child_ended(self.died);
    }
}
