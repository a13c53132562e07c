//! For how long the registry has been in sight.

use std::time::Duration;

use super::vitals::Moment;

/// For how long the janitor has been able to see who lives.
///
/// While a store was away nobody could beat. Whoever reaches it first afterwards finds that all
/// others have been silent, and must not take them for dead before they had their time again. That
/// goes for one who has watched the interruption and for one who has only just come.
#[derive(Debug)]
pub(crate) struct Sight {
    /// Two looks that lie further apart are an interruption.
    longest_gap: Duration,
    last: Option<Moment>,
    /// The first look since this process came, or since a look failed.
    steady_since: Option<Moment>,
    /// The end of the last interruption, if there was one.
    unbroken_since: Option<Moment>,
}

/// What one look is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// For how long every look has succeeded.
    steady: Duration,
    /// For how long there has been no interruption.
    unbroken: Duration,
}

impl Sight {
    pub(crate) fn new(longest_gap: Duration) -> Self {
        Self {
            longest_gap,
            last: None,
            steady_since: None,
            unbroken_since: None,
        }
    }

    /// Notes that the registry was looked at.
    pub(crate) fn look(&mut self, now: Moment) -> View {
        let interrupted = |last: Moment| now.since(last) > self.longest_gap;
        if self.last.is_some_and(interrupted) {
            self.unbroken_since = Some(now);
        }
        self.last = Some(now);
        let steady_since = *self.steady_since.get_or_insert(now);
        View {
            steady: now.since(steady_since),
            unbroken: self
                .unbroken_since
                .map_or(Duration::MAX, |since| now.since(since)),
        }
    }

    /// Notes that a look has failed.
    pub(crate) fn fail(&mut self) {
        self.steady_since = None;
    }
}

impl View {
    /// How much counts of the silence that the registry shows, of a worker that is dead after
    /// `limit`. Who lives beats more than twice in that time, so whoever is still silent after half
    /// of it has not just been kept from beating.
    pub(crate) fn silence(self, shown: Duration, limit: Duration) -> Duration {
        if self.steady < limit / 2 {
            return Duration::ZERO;
        }
        shown.min(self.unbroken)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ManualClock, SharedClock};

    const LIMIT: Duration = Duration::from_secs(60);
    const LONG: Duration = Duration::from_secs(3600);

    struct Watch {
        manual: ManualClock,
        clock: SharedClock,
        sight: Sight,
    }

    impl Watch {
        fn new() -> Self {
            let manual = ManualClock::new();
            Self {
                clock: Arc::new(manual.clone()),
                manual,
                sight: Sight::new(Duration::from_secs(35)),
            }
        }

        /// Looks after some seconds; the silence that counts of one that seems endless.
        fn look_after(&mut self, seconds: u64) -> Duration {
            self.manual.advance(Duration::from_secs(seconds));
            let view = self.sight.look(Moment::of(&self.clock));
            view.silence(LONG, LIMIT)
        }
    }

    #[test]
    fn who_has_just_come_waits_for_half_of_the_time() {
        let mut watch = Watch::new();
        let seen = [0, 15, 14, 1, 5].map(|seconds| watch.look_after(seconds));
        assert_eq!(
            seen,
            [Duration::ZERO, Duration::ZERO, Duration::ZERO, LONG, LONG]
        );
    }

    #[test]
    fn a_failed_look_costs_the_same_wait() {
        let mut watch = Watch::new();
        watch.look_after(0);
        assert_eq!(watch.look_after(30), LONG);
        watch.sight.fail();
        assert_eq!(
            [5, 29].map(|seconds| watch.look_after(seconds)),
            [Duration::ZERO; 2]
        );
        assert_eq!(watch.look_after(1), LONG);
    }

    #[test]
    fn after_an_interruption_silence_begins_anew() {
        let mut watch = Watch::new();
        watch.look_after(0);
        assert_eq!([30, 35].map(|seconds| watch.look_after(seconds)), [LONG; 2]);
        let seen = [36, 5, 35, 60].map(|seconds| watch.look_after(seconds));
        assert_eq!(seen, [0, 5, 40, 0].map(Duration::from_secs));
    }
}
