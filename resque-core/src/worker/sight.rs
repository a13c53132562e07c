//! For how long the registry has been in sight.

use std::time::Duration;

use super::vitals::Moment;

/// For how long the janitor has been able to see who lives.
///
/// While a store was away nobody could beat. Whoever reaches it first afterwards finds that all
/// others have been silent, and must not take them for dead before they had their time again.
#[derive(Debug)]
pub(crate) struct Sight {
    /// Two looks that lie further apart are an interruption.
    longest_gap: Duration,
    last: Option<Moment>,
    /// The end of the last interruption, if there was one.
    since: Option<Moment>,
}

impl Sight {
    pub(crate) fn new(longest_gap: Duration) -> Self {
        Self {
            longest_gap,
            last: None,
            since: None,
        }
    }

    /// Notes that the registry was looked at, and answers for how long it has been in sight. At the
    /// first look there is nothing that speaks against what it shows.
    pub(crate) fn look(&mut self, now: Moment) -> Duration {
        if self
            .last
            .is_some_and(|last| now.since(last) > self.longest_gap)
        {
            self.since = Some(now);
        }
        self.last = Some(now);
        self.since.map_or(Duration::MAX, |since| now.since(since))
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ManualClock, SharedClock};

    #[test]
    fn after_an_interruption_sight_begins_anew() {
        let manual = ManualClock::new();
        let clock: SharedClock = Arc::new(manual.clone());
        let mut sight = Sight::new(Duration::from_secs(35));
        let mut look_after = |seconds| {
            manual.advance(Duration::from_secs(seconds));
            sight.look(Moment::of(&clock))
        };
        assert_eq!([0, 5, 35].map(&mut look_after), [Duration::MAX; 3]);
        let seen = [36, 5, 35, 60].map(&mut look_after);
        assert_eq!(seen, [0, 5, 40, 0].map(Duration::from_secs));
    }
}
