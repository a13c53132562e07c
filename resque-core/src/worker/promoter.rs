//! Puts delayed jobs into their queues when they are due.

use std::sync::Arc;
use std::time::Duration;

use super::Event;
use super::core::Core;
use super::operation::Operation;
use super::outage::{Link, broke};
use crate::Result;

/// How many jobs are moved with one call.
const AT_MOST: usize = 1_000;

/// Promotes delayed jobs.
#[derive(Debug)]
pub(crate) struct Promoter {
    pub(crate) core: Arc<Core>,
    pub(crate) link: Arc<Link>,
    /// The name of this process, for stores in which one process at a time promotes.
    pub(crate) holder: String,
}

impl Promoter {
    /// Promotes for ever; on a store without delayed jobs there is nothing to do.
    pub(crate) async fn run(&self) {
        if self.link.backend().queues().delayed().is_none() {
            std::future::pending::<()>().await;
        }
        loop {
            let connection = self.link.connection();
            let sleep = match self.promote().await {
                Ok(sleep) => {
                    self.link.worked();
                    sleep
                }
                Err(error) => {
                    let broke = broke(&error);
                    self.link.failed(Operation::PROMOTE_DELAYED_JOBS, error);
                    if broke && let Err(error) = self.link.reconnect(&connection).await {
                        self.link.failed(Operation::CONNECT_AGAIN, error);
                    }
                    self.core.settings.promote_every
                }
            };
            if !sleep.is_zero() {
                self.core.clock.sleep(sleep).await;
            }
        }
    }

    /// Promotes once and answers how long there will be nothing to do, but never long: others may
    /// add a job that is due sooner.
    async fn promote(&self) -> Result<Duration> {
        let queues = self.link.backend().queues().clone();
        let Some(delayed) = queues.delayed() else {
            return Ok(self.core.settings.promote_every);
        };
        let now = self.core.store_clock.now();
        let promotion = delayed.promote(&self.holder, now, AT_MOST).await?;
        for error in promotion.troubles {
            self.link.failed(Operation::PROMOTE_A_DELAYED_JOB, error);
        }
        let count = promotion.moved;
        if count > 0 {
            self.core.events.announce(|| Event::Promoted { count });
        }
        if count >= AT_MOST {
            return Ok(Duration::ZERO);
        }
        let until_due = promotion.next_due.map(|due| {
            let now = self.core.store_clock.now();
            // Clocks tell no less than a nanosecond; a job that is due at once is due next round.
            due.duration_since(now)
                .unwrap_or_default()
                .max(Duration::from_millis(1))
        });
        let longest = self.core.settings.promote_every;
        Ok(until_due.map_or(longest, |until_due| until_due.min(longest)))
    }

    /// Lets another process promote at once.
    pub(crate) async fn resign(&self) -> Result<()> {
        match self.link.backend().queues().delayed() {
            Some(delayed) => delayed.resign(&self.holder).await,
            None => Ok(()),
        }
    }
}
