//! How long a job waits before its next attempt.

use std::sync::Arc;
use std::time::Duration;

/// No job waits longer than this for its next attempt, so that every store can write the time down.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The delays before the second attempt, the third, and so on.
#[derive(Clone, Debug)]
pub(super) enum Delays {
    /// Always the same.
    Fixed(Duration),
    /// Twice as long each time, up to a longest one.
    Doubling { first: Duration, longest: Duration },
    /// One after the other; the last one goes on.
    List(Arc<[Duration]>),
}

impl Delays {
    /// The delay after so many attempts, lengthened by a random part of at most `jitter` of it;
    /// `random` is from 0 to 1.
    pub(super) fn after(&self, attempts: u32, jitter: f64, random: f64) -> Duration {
        let delay = self.plain(attempts).min(LONGEST_WAIT);
        let longer = delay.as_secs_f64() * (1.0 + jitter * random.clamp(0.0, 1.0));
        // Exactly what was asked for where nothing is random.
        let is_random = jitter > 0.0 && random > 0.0;
        let lengthened = is_random.then(|| Duration::try_from_secs_f64(longer));
        lengthened.and_then(Result::ok).unwrap_or(delay)
    }

    fn plain(&self, attempts: u32) -> Duration {
        let before = attempts.saturating_sub(1);
        match self {
            Self::Fixed(delay) => *delay,
            Self::Doubling { first, longest } => {
                let factor = 1_u32.checked_shl(before).unwrap_or(u32::MAX);
                first.saturating_mul(factor).min(*longest)
            }
            Self::List(delays) => {
                let place = (before as usize).min(delays.len().saturating_sub(1));
                delays.get(place).copied().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(delays: &Delays, attempts: impl IntoIterator<Item = u32>) -> Vec<u64> {
        let delay = |attempts| delays.after(attempts, 0.0, 0.9).as_secs();
        attempts.into_iter().map(delay).collect()
    }

    #[test]
    fn delays_follow_their_rule_for_any_number_of_attempts() {
        let of = Duration::from_secs;
        let doubling = Delays::Doubling {
            first: of(10),
            longest: of(100),
        };
        let last = [u32::MAX - 1, u32::MAX];
        assert_eq!(seconds(&doubling, 1..=6), [10, 20, 40, 80, 100, 100]);
        assert_eq!(seconds(&doubling, [0, 31, 32, 33]), [10, 100, 100, 100]);
        assert_eq!(seconds(&doubling, last), [100, 100]);
        assert_eq!(seconds(&Delays::Fixed(of(7)), [1, 2, u32::MAX]), [7, 7, 7]);
        let list = Delays::List([1, 5, 25].map(of).into());
        assert_eq!(seconds(&list, 1..=5), [1, 5, 25, 25, 25]);
        assert_eq!(seconds(&Delays::List([].into()), last), [0, 0]);
    }

    #[test]
    fn jitter_lengthens_a_delay_and_never_shortens_it() {
        let minute = Delays::Fixed(Duration::from_secs(60));
        for (jitter, random, expected) in [
            (0.0, 1.0, 60.0),
            (0.25, 0.0, 60.0),
            (0.25, 0.5, 67.5),
            (0.25, 1.0, 75.0),
            (1.0, 1.0, 120.0),
            (1.0, -5.0, 60.0),
            (1.0, 5.0, 120.0),
            (1.0, f64::NAN, 60.0),
        ] {
            let delay = minute.after(1, jitter, random).as_secs_f64();
            assert!(
                (delay - expected).abs() < 1e-6,
                "{jitter} {random}: {delay}"
            );
        }
    }

    #[test]
    fn no_delay_is_too_long_to_be_written_down() {
        let ages = Delays::Fixed(Duration::MAX);
        assert_eq!(ages.after(1, 0.0, 0.0), LONGEST_WAIT);
        assert!(ages.after(1, 1.0, 1.0) <= 2 * LONGEST_WAIT);
    }
}
