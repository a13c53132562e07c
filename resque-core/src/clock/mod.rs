//! Time, injected.

#[cfg(feature = "testing")]
mod manual;
mod system;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;

#[cfg(feature = "testing")]
pub use self::manual::ManualClock;
pub use self::system::SystemClock;

/// The only source of time in this library.
///
/// `now` is what people and stores call the time and may jump; `monotonic` only ever grows and
/// measures how long things take.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment; it never goes back.
    fn monotonic(&self) -> Duration;

    /// Ends once `monotonic` has reached `deadline`.
    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()>;

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.monotonic().saturating_add(duration))
    }
}

/// A clock that several parts share.
pub type SharedClock = Arc<dyn Clock>;
