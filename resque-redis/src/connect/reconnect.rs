//! A connection that is made again after it was lost.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use resque_core::SharedClock;
use tokio::sync::Mutex;

use super::{Endpoint, Link, Outage};
use crate::driver::{Batch, Driver, DriverError, Value};

/// Connects at the first call, and again at the first call after the connection was lost.
///
/// An attempt that fails closes a gate for a while: calls that come before it opens fail at once
/// with the same error.
#[derive(Debug)]
pub(crate) struct Reconnecting {
    endpoint: Endpoint,
    clock: SharedClock,
    link: RwLock<Option<Arc<Link>>>,
    /// Held while connecting, so that one caller connects and the others wait for what comes of it.
    outage: Mutex<Outage>,
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

/// Whether another connection may serve better: this one is lost or silent, or leads to a server
/// that was demoted to a replica while its name now leads to the new primary.
pub(crate) fn is_useless(replies: &Result<Vec<Value>, DriverError>) -> bool {
    match replies {
        Ok(replies) => replies
            .iter()
            .any(|reply| matches!(reply, Value::Error(error) if error.code() == "READONLY")),
        Err(_) => true,
    }
}
