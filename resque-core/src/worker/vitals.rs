//! Whether others can still take this worker for alive.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};

use crate::SharedClock;

/// When the slots last told that they live, and whether they may reserve on the strength of it.
#[derive(Debug)]
pub(crate) struct Vitals {
    clock: SharedClock,
    stale_after: Duration,
    beaten: Mutex<Option<Moment>>,
    wanted: Notify,
    changed: watch::Sender<u64>,
}

/// A moment on both clocks: the monotonic one stands still while a virtual machine is suspended,
/// the time of day may be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    monotonic: Duration,
    wall: SystemTime,
}

impl Moment {
    pub(crate) fn of(clock: &SharedClock) -> Self {
        Self {
            monotonic: clock.monotonic(),
            wall: clock.now(),
        }
    }

    /// The moment on the monotonic clock.
    pub(crate) fn monotonic(self) -> Duration {
        self.monotonic
    }

    /// How long after another moment, by the clock that says more.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        let wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        monotonic.max(wall)
    }
}

impl Vitals {
    pub(crate) fn new(clock: SharedClock, stale_after: Duration) -> Self {
        Self {
            clock,
            stale_after,
            beaten: Mutex::new(None),
            wanted: Notify::new(),
            changed: watch::Sender::new(0),
        }
    }

    /// The store has noted a heartbeat or a registration that was sent at `sent`.
    pub(crate) fn beaten(&self, sent: Moment) {
        *self.last() = Some(sent);
        self.changed.send_modify(|count| *count += 1);
    }

    /// The registration is in doubt: nothing may be reserved until the next [`beaten`](Self::beaten).
    pub(crate) fn suspend(&self) {
        *self.last() = None;
    }

    /// Whether the registration certainly stands, so that a job reserved now would be found if this
    /// process died.
    pub(crate) fn may_reserve(&self) -> bool {
        let last = *self.last();
        last.is_some_and(|beaten| Moment::of(&self.clock).since(beaten) < self.stale_after)
    }

    /// Asks for a heartbeat at once.
    pub(crate) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until somebody asks for a heartbeat.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Shows each heartbeat that the store has noted.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Moment>> {
        self.beaten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Clock, ManualClock};

    fn vitals() -> (ManualClock, SharedClock, Vitals) {
        let manual = ManualClock::new();
        let clock: SharedClock = Arc::new(manual.clone());
        let vitals = Vitals::new(clock.clone(), Duration::from_secs(30));
        (manual, clock, vitals)
    }

    #[test]
    fn nothing_is_reserved_without_a_fresh_heartbeat() {
        let (manual, clock, vitals) = vitals();
        assert!(!vitals.may_reserve());
        vitals.beaten(Moment::of(&clock));
        manual.advance(Duration::from_secs(29));
        assert!(vitals.may_reserve());
        manual.advance(Duration::from_secs(1));
        assert!(!vitals.may_reserve());
    }

    #[test]
    fn a_suspended_machine_notices_by_the_time_of_day() {
        let (manual, clock, vitals) = vitals();
        vitals.beaten(Moment::of(&clock));
        manual.set_now(manual.now() + Duration::from_secs(600));
        assert!(!vitals.may_reserve());
    }

    #[test]
    fn a_registration_in_doubt_reserves_nothing() {
        let (_, clock, vitals) = vitals();
        vitals.beaten(Moment::of(&clock));
        vitals.suspend();
        assert!(!vitals.may_reserve());
    }
}
