//! Whether the engine goes on: when the heartbeat last took a turn, and since when exchanges are
//! under way.
//!
//! A store that is away stops neither: calls fail and are tried again. What stops them is a call
//! that never ends, or a thread that does not come back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::SharedClock;

/// Signs of life of the engine.
#[derive(Debug)]
pub(crate) struct Pulse {
    clock: SharedClock,
    signs: Mutex<Signs>,
}

#[derive(Debug, Default)]
struct Signs {
    /// When the heartbeat last took a turn; `None` while there is none.
    turn: Option<Duration>,
    /// When each of the exchanges under way began.
    under_way: Vec<Duration>,
}

/// An exchange that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay<'a> {
    pulse: &'a Pulse,
    since: Duration,
}

impl Pulse {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            signs: Mutex::default(),
        }
    }

    /// The heartbeat takes a turn.
    pub(crate) fn turn(&self) {
        self.signs().turn = Some(self.clock.monotonic());
    }

    /// There is no heartbeat any more, and nobody waits for one.
    pub(crate) fn rest(&self) {
        self.signs().turn = None;
    }

    /// An exchange begins.
    pub(crate) fn exchange(&self) -> UnderWay<'_> {
        let since = self.clock.monotonic();
        self.signs().under_way.push(since);
        UnderWay { pulse: self, since }
    }

    /// How long ago the heartbeat took a turn, and how long the oldest exchange has been under way.
    pub(crate) fn ages(&self) -> (Option<Duration>, Option<Duration>) {
        let now = self.clock.monotonic();
        let age = |since: Duration| now.saturating_sub(since);
        let signs = self.signs();
        let oldest = signs.under_way.iter().min().copied();
        (signs.turn.map(age), oldest.map(age))
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    /// How long it has been under way.
    pub(crate) fn elapsed(&self) -> Duration {
        self.pulse.clock.monotonic().saturating_sub(self.since)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut signs = self.pulse.signs();
        let place = signs.under_way.iter().position(|at| *at == self.since);
        if let Some(place) = place {
            signs.under_way.swap_remove(place);
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ManualClock;

    #[test]
    fn the_oldest_exchange_counts_until_it_ends() {
        let clock = ManualClock::new();
        let pulse = Pulse::new(Arc::new(clock.clone()));
        assert_eq!(pulse.ages(), (None, None));
        let first = pulse.exchange();
        clock.advance(Duration::from_secs(2));
        let second = pulse.exchange();
        pulse.turn();
        clock.advance(Duration::from_secs(3));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pulse.ages(), (seconds(3), seconds(5)));
        drop(first);
        assert_eq!(pulse.ages(), (seconds(3), seconds(3)));
        drop(second);
        pulse.rest();
        assert_eq!(pulse.ages(), (None, None));
    }
}
