//! The numbers of this process, as Prometheus reads them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use resque::Clock;
use resque::worker::WorkerBuilder;
use resque::worker::metrics::ALL;

use super::condition::Source;
use crate::failure::Failure;

/// How often what was counted is put together.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The numbers of this process.
#[derive(Clone)]
pub(super) struct Numbers {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl Numbers {
    /// Begins to count; `process` becomes a label of all numbers.
    pub(super) fn new(process: Option<&str>) -> Result<Self, Failure> {
        let cannot = |error: BuildError| Failure::setting("--health-listen", error.to_string());
        let mut builder = PrometheusBuilder::new();
        for metric in ALL
            .iter()
            .filter(|metric| !metric.kind.buckets().is_empty())
        {
            let name = Matcher::Full(metric.name.to_owned());
            builder = builder
                .set_buckets_for_metric(name, metric.kind.buckets())
                .map_err(cannot)?;
        }
        if let Some(process) = process {
            builder = builder.add_global_label("process", process);
        }
        let recorder = Arc::new(builder.build_recorder());
        if metrics::set_global_recorder(recorder.clone()).is_err() {
            tracing::info!(
                "this program has a recorder of its own: /metrics shows only the worker"
            );
        }
        let handle = recorder.handle();
        Ok(Self { recorder, handle })
    }

    /// Lets a worker count.
    pub(super) fn count(&self, builder: WorkerBuilder) -> WorkerBuilder {
        builder.metrics_to(self.recorder.clone())
    }

    pub(super) fn recorder(&self) -> Arc<PrometheusRecorder> {
        self.recorder.clone()
    }

    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    pub(super) fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Numbers")
    }
}

/// Keeps what was counted small, for ever.
pub(super) async fn upkeep<S: Source>(source: &S, clock: &dyn Clock) {
    loop {
        clock.sleep(UPKEEP_EVERY).await;
        source.tidy();
    }
}
