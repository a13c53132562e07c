//! How often something may happen.

use std::time::Duration;

/// How often something may happen: a bucket that holds up to `burst` tokens and gains one at a
/// time, evenly spread. Full at first.
///
/// Without a burst at most one job starts in each interval: "30 a minute" is one every two seconds,
/// so that no minute ever sees more than 31. With a burst of `n`, `n` may start at once after a
/// quiet time. Jobs that waited for their turn and come late may catch up on a second.
///
/// ```
/// use std::time::Duration;
/// use resque_core::Rate;
///
/// let rate = Rate::per_minute(30).burst(5);
/// assert_eq!((rate.every(), rate.at_once()), (Duration::from_secs(2), 5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    every: Duration,
    burst: u32,
}

impl Rate {
    /// So many in each period, evenly spread; none is one.
    #[must_use]
    pub fn new(count: u32, period: Duration) -> Self {
        let count = u128::from(count.max(1));
        // Whole microseconds, rounded up: stores count in those, and never let too many through.
        let micros = period.as_micros().div_ceil(count).max(1);
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        Self {
            every: Duration::from_micros(micros).min(Self::RAREST),
            burst: 1,
        }
    }

    /// A year: times stay within what every store can tell.
    const RAREST: Duration = Duration::from_secs(365 * 86_400);

    /// So many a second.
    #[must_use]
    pub fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// So many a minute.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60))
    }

    /// So many an hour.
    #[must_use]
    pub fn per_hour(count: u32) -> Self {
        Self::new(count, Duration::from_secs(3_600))
    }

    /// The same, and so many at once after a quiet time.
    #[must_use]
    pub fn burst(self, at_once: u32) -> Self {
        Self {
            burst: at_once.max(1),
            ..self
        }
    }

    /// The time in which the bucket gains one token.
    #[must_use]
    pub fn every(self) -> Duration {
        self.every
    }

    /// How many tokens the bucket holds.
    #[must_use]
    pub fn at_once(self) -> u32 {
        self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_never_lets_more_through_than_it_says() {
        for (count, seconds, micros) in [(3, 1, 333_334), (1, 60, 60_000_000), (0, 1, 1_000_000)] {
            let rate = Rate::new(count, Duration::from_secs(seconds));
            assert_eq!(rate.every(), Duration::from_micros(micros), "{count}");
        }
        assert_eq!(
            Rate::new(u32::MAX, Duration::from_secs(1))
                .every()
                .as_micros(),
            1
        );
        assert_eq!(Rate::per_second(1).burst(0).at_once(), 1);
        assert_eq!(Rate::new(1, Duration::MAX).every(), Rate::RAREST);
    }
}
