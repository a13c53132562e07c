//! Store time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::SharedClock;

/// The store's time of day, told without asking it: the local monotonic clock plus the offset that
/// the store's last answer showed.
///
/// A local clock that is set wrong, or set right in mid-flight, so delays and prunes nothing.
#[derive(Debug)]
pub(crate) struct StoreClock {
    clock: SharedClock,
    /// The store's time when the monotonic clock stood at zero, in nanoseconds since 1970.
    epoch: AtomicU64,
}

impl StoreClock {
    /// Takes the local time of day until the store has answered.
    pub(crate) fn new(clock: SharedClock) -> Self {
        let store_clock = Self {
            epoch: AtomicU64::new(0),
            clock,
        };
        let monotonic = store_clock.clock.monotonic();
        store_clock.set(store_clock.clock.now(), monotonic, monotonic);
        store_clock
    }

    /// The store's time of day.
    pub(crate) fn now(&self) -> SystemTime {
        let epoch = Duration::from_nanos(self.epoch.load(Ordering::Relaxed));
        SystemTime::UNIX_EPOCH + epoch + self.clock.monotonic()
    }

    /// Takes the store's answer to a question that was sent at `asked` and answered at `answered`,
    /// both on the monotonic clock; the store looked at its clock somewhere between.
    pub(crate) fn set(&self, told: SystemTime, asked: Duration, answered: Duration) {
        let looked = asked + answered.saturating_sub(asked) / 2;
        let since_1970 = told
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let epoch = since_1970.saturating_sub(looked).as_nanos();
        self.epoch
            .store(u64::try_from(epoch).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Clock, ManualClock};

    #[test]
    fn it_shows_the_stores_time_and_moves_with_the_monotonic_clock() {
        let clock = ManualClock::new();
        let store_clock = StoreClock::new(Arc::new(clock.clone()));
        assert_eq!(store_clock.now(), clock.now());

        let told = clock.now() + Duration::from_secs(3_600);
        store_clock.set(told, clock.monotonic(), clock.monotonic());
        clock.advance(Duration::from_secs(5));
        assert_eq!(store_clock.now(), told + Duration::from_secs(5));
    }

    #[test]
    fn setting_the_local_time_of_day_changes_nothing() {
        let clock = ManualClock::new();
        let store_clock = StoreClock::new(Arc::new(clock.clone()));
        let before = store_clock.now();
        clock.set_now(clock.now() + Duration::from_secs(86_400));
        assert_eq!(store_clock.now(), before);
    }

    #[test]
    fn a_slow_answer_counts_half_its_way() {
        let clock = ManualClock::new();
        let store_clock = StoreClock::new(Arc::new(clock.clone()));
        let (asked, told) = (clock.monotonic(), clock.now() + Duration::from_secs(1));
        clock.advance(Duration::from_secs(2));
        store_clock.set(told, asked, clock.monotonic());
        assert_eq!(store_clock.now(), told + Duration::from_secs(1));
    }
}
