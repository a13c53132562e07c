//! The line that is printed.

use serde::Serialize;

use crate::measure::{Measured, Pages, percentile, resident_kb};
use crate::options::Options;

/// One run, as it is told.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    workload: String,
    backend: &'static str,
    driver: Option<&'static str>,
    jobs: usize,
    concurrency: usize,
    seconds: f64,
    jobs_per_s: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    rss_kb: Option<u64>,
    lost: usize,
    duplicated: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages_us: Option<Pages>,
}

impl Report {
    pub(crate) fn new(options: &Options, backend: &'static str, mut measured: Measured) -> Self {
        use clap::ValueEnum;

        let workload = options.workload.to_possible_value();
        let seconds = measured.elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate to be read by people")]
        let jobs_per_s = if seconds > 0.0 {
            measured.jobs as f64 / seconds
        } else {
            0.0
        };
        Self {
            workload: workload
                .map(|value| value.get_name().to_owned())
                .unwrap_or_default(),
            backend,
            driver: (backend == "redis").then(|| options.driver.as_str()),
            jobs: measured.jobs,
            concurrency: options.concurrency,
            seconds: round(seconds, 1e6),
            jobs_per_s: round(jobs_per_s, 1.0),
            p50_us: percentile(&mut measured.samples, 0.5).map(|us| round(us, 10.0)),
            p99_us: percentile(&mut measured.samples, 0.99).map(|us| round(us, 10.0)),
            rss_kb: resident_kb(),
            lost: measured.lost,
            duplicated: measured.duplicated,
            pages_us: measured.pages,
            cpu_percent: measured
                .cpu
                .map(|cpu| round(cpu.as_secs_f64() / seconds * 100.0, 100.0)),
        }
    }

    /// Whether every job was there exactly once.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0
    }
}

fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// The run in the middle, by speed where there is one and by delay elsewhere; a run that lost or
/// doubled a job goes before all others.
pub(crate) fn median(mut reports: Vec<Report>) -> Option<Report> {
    if let Some(index) = reports.iter().position(|report| !report.is_clean()) {
        return Some(reports.swap_remove(index));
    }
    let key = |report: &Report| report.p50_us.map_or(report.jobs_per_s, |us| -us);
    reports.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let middle = reports.len() / 2;
    (middle < reports.len()).then(|| reports.swap_remove(middle))
}
