//! A connection that is made again after it was lost.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use resque_core::SharedClock;
use tokio::sync::Mutex;

use super::{Endpoint, Link};
use crate::driver::{Batch, Driver, DriverError, Value};

/// The first wait after a failed attempt to connect, and the longest; they grow in between, with jitter, so that a fleet
/// does not come back all at once.
const WAITS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// Connects at the first call, and again at the first call after the connection was lost.
///
/// An attempt that fails closes a gate for a while: calls that come before it opens fail at once with the same error.
#[derive(Debug)]
pub(crate) struct Reconnecting {
    endpoint: Endpoint,
    clock: SharedClock,
    link: RwLock<Option<Arc<Link>>>,
    /// Held while connecting, so that one caller connects and the others wait for what comes of it.
    outage: Mutex<Outage>,
}

/// The failed attempts since the last success.
#[derive(Debug, Default)]
struct Outage {
    waits: Option<ExponentialBackoff>,
    gate: Option<(Duration, DriverError)>,
}

impl Reconnecting {
    pub(crate) fn new(endpoint: Endpoint, clock: SharedClock) -> Self {
        let (link, outage) = (RwLock::default(), Mutex::default());
        Self {
            endpoint,
            clock,
            link,
            outage,
        }
    }

    /// The connection in use, or a new one.
    async fn link(&self) -> Result<Arc<Link>, DriverError> {
        if let Some(link) = self.live() {
            return Ok(link);
        }
        let mut outage = self.outage.lock().await;
        if let Some(link) = self.live() {
            return Ok(link);
        }
        outage.admit(self.clock.monotonic())?;
        match self.endpoint.dial(None).await {
            Ok(link) => {
                *outage = Outage::default();
                let link = Arc::new(link);
                self.set(Some(Arc::clone(&link)));
                Ok(link)
            }
            Err(error) => {
                outage.note(self.clock.monotonic(), &error);
                Err(error)
            }
        }
    }

    fn live(&self) -> Option<Arc<Link>> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
        link.as_ref()
            .filter(|link| !link.is_closed())
            .map(Arc::clone)
    }

    fn set(&self, link: Option<Arc<Link>>) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }

    /// Takes `link` out of use. Calls that are under way on it finish there.
    fn retire(&self, link: &Arc<Link>) {
        let mut current = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, link))
        {
            *current = None;
        }
    }
}

#[async_trait]
impl Driver for Reconnecting {
    async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        let link = self.link().await?;
        let replies = link.run(batch).await;
        if is_useless(&replies) {
            self.retire(&link);
        }
        replies
    }
}

/// Whether another connection may serve better: this one is lost or silent, or leads to a server that was demoted to a
/// replica while its name now leads to the new primary.
fn is_useless(replies: &Result<Vec<Value>, DriverError>) -> bool {
    match replies {
        Ok(replies) => replies
            .iter()
            .any(|reply| matches!(reply, Value::Error(error) if error.code() == "READONLY")),
        Err(_) => true,
    }
}

impl Outage {
    /// Fails while the gate is closed.
    fn admit(&self, now: Duration) -> Result<(), DriverError> {
        match &self.gate {
            Some((opens, error)) if now < *opens => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Closes the gate for longer each time.
    fn note(&mut self, now: Duration, error: &DriverError) {
        let waits = self.waits.get_or_insert_with(|| {
            let (first, longest) = WAITS;
            let builder = ExponentialBuilder::default()
                .with_min_delay(first)
                .with_max_delay(longest);
            builder.with_jitter().without_max_times().build()
        });
        let wait = waits.next().unwrap_or(WAITS.1);
        self.gate = Some((now.saturating_add(wait), error.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_stays_closed_longer_after_each_failure() {
        let error = DriverError::unavailable(&"p".into(), std::io::Error::other("down"));
        let mut outage = Outage::default();
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        outage.admit(now).unwrap();
        for _ in 0..12 {
            outage.note(now, &error);
            let (opens, _) = outage.gate.clone().unwrap();
            assert!(outage.admit(opens - Duration::from_nanos(1)).is_err());
            outage.admit(opens).unwrap();
            waits.push(opens - now);
            now = opens;
        }
        assert!(waits[0] >= WAITS.0 && waits[0] <= 3 * WAITS.0, "{waits:?}");
        assert!(
            waits[11] >= WAITS.1 && waits[11] <= 3 * WAITS.1,
            "{waits:?}"
        );
    }
}
