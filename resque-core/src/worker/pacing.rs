//! How long an idle worker waits before it looks into the queues again, on a store that cannot
//! announce jobs.

use std::time::Duration;

/// The intervals of an idle worker that polls, with Resque's names and meanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// `INTERVAL`: the wait in seconds; zero lets the worker leave when there is nothing to do.
    pub interval: Duration,
    /// `MIN_INTERVAL`: where the wait begins after a job; by default the interval. As in Resque,
    /// zero lets the worker leave at the first idle moment after a job.
    pub min: Option<Duration>,
    /// `MAX_INTERVAL`: the longest wait; by default the interval.
    pub max: Option<Duration>,
    /// `BACKOFF_INTERVAL`: what each idle look adds to the wait.
    pub backoff: Duration,
}

impl Default for Polling {
    /// Five seconds, as Resque has it.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            min: None,
            max: None,
            backoff: Duration::from_millis(100),
        }
    }
}

/// Resque's sleep algorithm.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    min: Duration,
    max: Duration,
    backoff: Duration,
    interval: Duration,
}

impl Pacer {
    pub(crate) fn new(polling: &Polling) -> Self {
        let max = polling.max.unwrap_or(polling.interval);
        let min = polling.min.unwrap_or(polling.interval).min(max);
        Self {
            min,
            max,
            backoff: polling.backoff,
            interval: polling.interval.clamp(min, max),
        }
    }

    /// There was a job: look again at once, and begin with the shortest wait the next time.
    pub(crate) fn busy(&mut self) {
        self.interval = self.min;
    }

    /// There was no job: how long to wait, or `None` to leave.
    pub(crate) fn idle(&mut self) -> Option<Duration> {
        if self.interval.is_zero() {
            return None;
        }
        self.interval = self.interval.saturating_add(self.backoff).min(self.max);
        Some(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn polling(interval: u64, min: Option<u64>, max: Option<u64>, backoff: u64) -> Polling {
        Polling {
            interval: ms(interval),
            min: min.map(ms),
            max: max.map(ms),
            backoff: ms(backoff),
        }
    }

    fn waits(pacer: &mut Pacer, count: usize) -> Vec<Option<Duration>> {
        (0..count).map(|_| pacer.idle()).collect()
    }

    #[test]
    fn the_waits_that_resque_was_measured_with() {
        let mut pacer = Pacer::new(&polling(200, None, Some(1_000), 300));
        let measured = [500, 800, 1_000, 1_000].map(|wait| Some(ms(wait)));
        assert_eq!(waits(&mut pacer, 4), measured);
    }

    #[test]
    fn the_table() {
        let table = [
            // interval, min, max, backoff; the first waits; the first wait after a job
            ((5_000, None, None, 100), [5_000, 5_000], 5_000),
            ((5_000, Some(1_000), None, 100), [5_000, 5_000], 1_100),
            ((5_000, None, Some(10_000), 100), [5_100, 5_200], 5_100),
            ((5_000, Some(500), Some(2_000), 100), [2_000, 2_000], 600),
            ((100, Some(500), Some(2_000), 100), [600, 700], 600),
            (
                (1_000, Some(9_000), Some(2_000), 100),
                [2_000, 2_000],
                2_000,
            ),
        ];
        for ((interval, min, max, backoff), idle, after_job) in table {
            let mut pacer = Pacer::new(&polling(interval, min, max, backoff));
            assert_eq!(waits(&mut pacer, 2), idle.map(|wait| Some(ms(wait))));
            pacer.busy();
            assert_eq!(
                pacer.idle(),
                Some(ms(after_job)),
                "{interval} {min:?} {max:?}"
            );
        }
    }

    #[test]
    fn a_zero_interval_leaves_at_once() {
        let polling = polling(0, None, None, 100);
        assert_eq!(Pacer::new(&polling).idle(), None);
    }

    #[test]
    fn a_zero_minimum_leaves_after_a_job() {
        let polling = polling(5_000, Some(0), None, 100);
        let mut pacer = Pacer::new(&polling);
        assert_eq!(pacer.idle(), Some(ms(5_000)));
        pacer.busy();
        assert_eq!(pacer.idle(), None);
    }

    #[test]
    fn an_interval_of_zero_with_a_longest_wait_polls() {
        // MAX_INTERVAL alone does not lift the minimum, which stays at the interval.
        let polling = polling(0, Some(100), Some(1_000), 100);
        assert_eq!(Pacer::new(&polling).idle(), Some(ms(200)));
    }
}
