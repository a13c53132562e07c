//! The store's time without asking the store each time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::Client;
use crate::Result;

/// The store's time at one moment of our own clock.
#[derive(Debug, Default)]
pub(super) struct StoreTime {
    sample: Mutex<Option<(Duration, SystemTime)>>,
}

impl StoreTime {
    /// Our clocks run at the same pace; a store whose clock is set is noticed after this time.
    const FRESH: Duration = Duration::from_secs(60);

    fn at(&self, monotonic: Duration) -> Option<SystemTime> {
        let (then, time) = (*self.sample.lock().unwrap_or_else(PoisonError::into_inner))?;
        let since = monotonic.checked_sub(then)?;
        (since < Self::FRESH).then(|| time.checked_add(since))?
    }

    fn set(&self, monotonic: Duration, time: SystemTime) {
        *self.sample.lock().unwrap_or_else(PoisonError::into_inner) = Some((monotonic, time));
    }
}

impl Client {
    /// The time as the store tells it, which decides when delayed jobs are due. The store is asked
    /// at most once a minute.
    ///
    /// # Errors
    ///
    /// As for [`crate::QueueBackend`].
    pub async fn store_time(&self) -> Result<SystemTime> {
        let store = self.store("telling the store's time")?;
        let asked = self.clock().monotonic();
        if let Some(time) = self.inner.store_time.at(asked) {
            return Ok(time);
        }
        let time = store.workers().server_time().await?;
        self.inner.store_time.set(asked, time);
        Ok(time)
    }
}
