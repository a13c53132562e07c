//! Reading the clock and the process's own figures.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use resque::{Clock, SystemClock};

/// A stopwatch that also keeps how long single calls took.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    clock: SystemClock,
    began: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let clock = SystemClock::new();
        Self {
            began: clock.monotonic(),
            clock,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.began)
    }
}

/// Percentiles by page.
pub(crate) type Pages = BTreeMap<&'static str, [Option<f64>; 2]>;

/// What one run found.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) jobs: usize,
    pub(crate) elapsed: Duration,
    /// How long each call took, or each job waited, in no order; empty where that says nothing.
    pub(crate) samples: Vec<Duration>,
    pub(crate) lost: usize,
    pub(crate) duplicated: usize,
    /// Processor time taken, for idle workers.
    pub(crate) cpu: Option<Duration>,
    /// The median and the 99th percentile of each page, in microseconds.
    pub(crate) pages: Option<Pages>,
}

/// The value below which this part of the samples lies, in microseconds.
pub(crate) fn percentile(samples: &mut [Duration], part: f64) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    samples.sort_unstable();
    let last = samples.len() - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list that fits into memory"
    )]
    let index = ((last as f64) * part).round() as usize;
    Some(samples[index.min(last)].as_secs_f64() * 1e6)
}

/// The memory of this process that is resident at present, in KiB.
pub(crate) fn resident_kb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The processor time that this process has taken so far.
pub(crate) fn processor_time() -> Option<Duration> {
    // The second field is the program's name in parentheses and may hold spaces.
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // Linux counts in hundredths of a second towards programs on every platform we know.
    Some(Duration::from_millis(ticks * 10))
}
