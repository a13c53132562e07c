//! A clock that is wrong.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use resque::{Clock, SystemClock};

/// A clock that somebody sets wrong again and again, to one side and to the other.
pub(crate) struct WrongClock {
    inner: SystemClock,
    off: Duration,
    ahead: AtomicBool,
}

impl WrongClock {
    /// A clock that is wrong by so much.
    pub(crate) fn new(off: Duration) -> Self {
        Self {
            inner: SystemClock::new(),
            off,
            ahead: AtomicBool::new(false),
        }
    }
}

impl Clock for WrongClock {
    fn now(&self) -> SystemTime {
        match self.ahead.fetch_not(Ordering::Relaxed) {
            true => self.inner.now() + self.off,
            false => self.inner.now() - self.off,
        }
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    fn sleep_until(
        &self,
        deadline: Duration,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        self.inner.sleep_until(deadline)
    }
}

impl fmt::Debug for WrongClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WrongClock").field(&self.off).finish()
    }
}
