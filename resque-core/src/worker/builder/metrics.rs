//! What is counted.

use std::sync::Arc;

use metrics::Recorder;

use super::WorkerBuilder;
use crate::worker::metrics::Recording;

/// Metrics.
impl WorkerBuilder {
    /// Counts what the worker does, for the recorder of the process, which has to be installed before
    /// [`build`](Self::build). See [`metrics`](crate::worker::metrics) and the page `docs/metrics.md`.
    pub fn metrics(mut self) -> Self {
        self.recording = Some(Recording::OfProcess);
        self
    }

    /// The same for this recorder, whatever the process has.
    pub fn metrics_to(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.recording = Some(Recording::To(recorder));
        self
    }
}
